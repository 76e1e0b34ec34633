import { useEffect, useRef, useState } from 'react';
import { get } from '../api/client.ts';

/** A large answer is asked for less often: the server has work with it. */
const TIMES_THE_ANSWER = 10;

export interface Refreshed<T> {
  value: T | null;
}

/** What stands at an address, read again when `stamp` changes, at most each `everyMs`; null until it is here. */
export function useRefreshed<T>(path: string | null, stamp: string, everyMs: number): Refreshed<T> {
  return useRead<T>(path, (at, { signal }) => get<T>(at, signal), { stamp, everyMs });
}

/** The same of what `read` makes of the address, by what it made of it before. */
export function useRead<T>(
  path: string | null,
  read: (path: string, now: { signal: AbortSignal; before: T | null }) => Promise<T>,
  { stamp, everyMs }: { stamp: string; everyMs: number },
): Refreshed<T> {
  const [known, setKnown] = useState<{ path: string; value: T } | null>(null);
  const latest = useRef({ read, known });
  latest.current = { read, known };
  const readAt = useRef(Number.NEGATIVE_INFINITY);
  const pause = useRef(everyMs);
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- a new stamp is what reads again
  useEffect(() => {
    if (path === null) return;
    const gone = new AbortController();
    const due = Math.max(0, readAt.current + pause.current - performance.now());
    const timer = setTimeout(() => {
      const began = performance.now();
      readAt.current = began;
      const { read: readNow, known: there } = latest.current;
      const before = there?.path === path ? there.value : null;
      readNow(path, { signal: gone.signal, before }).then(
        (value) => {
          pause.current = Math.max(everyMs, TIMES_THE_ANSWER * (performance.now() - began));
          setKnown({ path, value });
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
  return { value: known?.value ?? null };
}
