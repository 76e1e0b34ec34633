import type { Assessment } from '../../../plans/assessment.ts';
import { calmly } from './calmly.ts';

/** When what is in doubt is a stop by itself, in the reader's words; null: nothing is in doubt. */
export function doubtDue(assessment: Assessment | null, now: number): string | null {
  const found = assessment?.holding.find((one) => one.kind === 'doubt');
  if (found === undefined) return null;
  const until = found.until * 1000;
  return until > now ? calmly(until, now) : 'at the next look';
}
