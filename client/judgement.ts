import type { Outcome } from './cohort.ts';

/** How a path ended: with a result, or by throwing. */
export type Ended<R> =
  | { kind: 'result'; result: R; error?: undefined }
  | { kind: 'error'; error: unknown; result?: undefined };

/** What an end means for the cohort's metrics. */
export interface Judgement {
  /** Default: `error` for a code from 500 and for what was thrown, else `ok`. */
  outcome?: Outcome;
  /** HTTP status. Default: the numeric `status` or `statusCode` of a thrown error. */
  code?: number;
  /** Where the path itself knows its time better than the dispatcher. */
  seconds?: number;
}

/** The judgement with its defaults filled in. */
export function judged<R>(ended: Ended<R>, judge: ((ended: Ended<R>) => Judgement) | undefined): Judged {
  const said = judge === undefined ? {} : ruling(ended, judge);
  const code = said.code ?? (ended.kind === 'error' ? statusOf(ended.error) : undefined);
  const failed = ended.kind === 'error' || (code !== undefined && code >= 500);
  const outcome = said.outcome ?? (failed ? 'error' : 'ok');
  return { outcome, code, seconds: said.seconds };
}

export interface Judged {
  outcome: Outcome;
  code: number | undefined;
  seconds: number | undefined;
}

/** A judge that fails must not fail the request; what it could not judge counts as it would without one. */
function ruling<R>(ended: Ended<R>, judge: (ended: Ended<R>) => Judgement): Judgement {
  try {
    return judge(ended);
  } catch {
    return {};
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('status' in error && typeof error.status === 'number') return error.status;
  if ('statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return undefined;
}
