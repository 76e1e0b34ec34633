import { type Difference, difference } from './difference.ts';
import type { Ended } from './judgement.ts';

/** What a comparison says: equal, different, or where and how different. */
export type Comparison = boolean | { difference: string; baseline?: unknown; canary?: unknown };

/** Are two results the same for the user? The default compares them deeply. */
export type Compare<R> = (baseline: R, canary: R) => Comparison;

export type Parity =
  | { kind: 'match' }
  | { kind: 'mismatch'; difference: Difference }
  | { kind: 'error'; difference: Difference };

export interface BothEnds<R> {
  baseline: Ended<R>;
  canary: Ended<R>;
  compare: Compare<R> | undefined;
}

/**
 * Holds the ends of both paths of one request against each other. Both failing with the same kind of error is a match;
 * the new path alone failing is an error, the old one alone a mismatch. A comparison that throws is an error.
 */
export function parityOf<R>({ baseline, canary, compare }: BothEnds<R>): Parity {
  if (baseline.kind === 'result' && canary.kind === 'result') {
    return compareResults(compare, baseline.result, canary.result);
  }
  const differs = { name: 'error', baseline: summary(baseline), canary: summary(canary) };
  if (baseline.kind === 'result') return { kind: 'error', difference: differs };
  return differs.baseline === differs.canary ? { kind: 'match' } : { kind: 'mismatch', difference: differs };
}

function compareResults<R>(compare: Compare<R> | undefined, ...[baseline, canary]: [R, R]): Parity {
  if (compare === undefined) {
    const found = difference(baseline, canary);
    return found === null ? { kind: 'match' } : { kind: 'mismatch', difference: found };
  }
  try {
    const answer = compare(baseline, canary);
    if (answer === true) return { kind: 'match' };
    const { difference: name, ...values } = answer === false ? { difference: 'result' } : answer;
    return { kind: 'mismatch', difference: { name, baseline: undefined, canary: undefined, ...values } };
  } catch (error) {
    return {
      kind: 'error',
      difference: { name: 'compare', baseline: undefined, canary: summary({ kind: 'error', error }) },
    };
  }
}

/** The kind of an error: its message often names the one request. */
function summary<R>(ended: Ended<R>): string {
  if (ended.kind === 'result') return 'a result';
  return ended.error instanceof Error ? ended.error.name : typeof ended.error;
}
