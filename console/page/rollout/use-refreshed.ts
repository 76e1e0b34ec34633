import { useEffect, useRef, useState } from 'react';
import { get } from '../api/client.ts';

/** A large answer is asked for less often: the server has work with it. */
const TIMES_THE_ANSWER = 10;

export interface Refreshed<T> {
  value: T | null;
}

/** What stands at an address, read again when `stamp` changes, at most each `everyMs`; null until it is here. */
export function useRefreshed<T>(path: string | null, stamp: string, everyMs: number): Refreshed<T> {
  const [value, setValue] = useState<T | null>(null);
  const readAt = useRef(Number.NEGATIVE_INFINITY);
  const pause = useRef(everyMs);
  useEffect(() => {
    if (path === null) return;
    const gone = new AbortController();
    const due = Math.max(0, readAt.current + pause.current - performance.now());
    const timer = setTimeout(() => {
      const began = performance.now();
      readAt.current = began;
      get<T>(path, gone.signal).then(
        (read) => {
          pause.current = Math.max(everyMs, TIMES_THE_ANSWER * (performance.now() - began));
          setValue(read);
        },
        // What was read before stays; the next change tries again.
        () => undefined,
      );
    }, due);
    return () => {
      clearTimeout(timer);
      gone.abort();
      // An answer that was given up counts as not asked for.
      if (performance.now() - readAt.current < 50) readAt.current = Number.NEGATIVE_INFINITY;
    };
  }, [path, stamp, everyMs]);
  return { value };
}
