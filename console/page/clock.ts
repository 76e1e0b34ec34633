import { useSyncExternalStore } from 'react';

const TICK_MS = 1000;
/** The server's clock less this machine's. */
let ahead = 0;
let now = Date.now();

/** A phone's clock may be wrong by minutes; ages and deadlines are the server's. */
export function heardServerTime(at: number): void {
  ahead = at - Date.now();
}

function subscribe(told: () => void): () => void {
  const timer = setInterval(() => {
    now = Date.now() + ahead;
    told();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** Milliseconds since 1970 by the server's clock; it moves on each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
