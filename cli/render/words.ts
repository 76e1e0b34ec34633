import { duration } from '../../plans/words.ts';

export {
  audience,
  cause,
  clock,
  duration,
  estimate,
  latency,
  percent,
  phaseText,
  plain,
  plainEstimate,
  points,
  rate,
  signed,
} from '../../plans/words.ts';

/** Milliseconds since 1970 against `now`: `3 min 20 s ago`, `in 2 h`, `just now`. */
export function relative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 1) return 'just now';
  return seconds < 0 ? `${duration(-seconds)} ago` : `in ${duration(seconds)}`;
}
