import { useEffect, useState } from 'react';

/** The moment from which on `value` has been the same here, in milliseconds since 1970. */
export function useSince(value: string): number {
  const [seen, setSeen] = useState(() => ({ value, at: Date.now() }));
  if (seen.value === value) return seen.at;
  const now = { value, at: Date.now() };
  setSeen(now);
  return now.at;
}

/** The present moment, anew every second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** `12 s`, `4 min`, `3 h`. */
export function lasting(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}
