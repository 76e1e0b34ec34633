import { relative } from '../../../plans/words.ts';

const MINUTE = 60_000;

/** As `relative`, in whole minutes while there are any: seconds that count in a heading are no news. */
export function calmly(at: number, now: number): string {
  const minutes = Math.trunc((at - now) / MINUTE);
  return minutes === 0 ? relative(at, now) : relative(now + minutes * MINUTE, now);
}
