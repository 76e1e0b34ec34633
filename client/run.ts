import type { EvaluationContext } from '@openfeature/server-sdk';
import type { Assignment, Mode } from './assignment.ts';
import type { Ended, Judgement } from './judgement.ts';
import type { Compare } from './parity.ts';
import type { Path, PathCall } from './path-call.ts';

/** Why the old path is asked in place of the new one. */
export type PathFailure<R> =
  | { kind: 'error'; error: unknown; result?: undefined }
  | { kind: 'timeout'; error: unknown; result?: undefined }
  /** The path answered, and `judge` calls the answer a failure. */
  | { kind: 'result'; result: R; error?: undefined };

/**
 * Whether the old path may answer when the new one failed. `safe`: always, since the new path can be repeated without
 * harm; a function decides by the failure. A path that charges, writes or mails must stay with `never`, the default.
 */
export type Fallback<R> = 'never' | 'safe' | ((failure: PathFailure<R>) => boolean);

export interface ShadowRequest {
  /** Share of the requests whose other path runs too, from 0 to 1. */
  sample?: number;
  /** Time that the shadow may take, in milliseconds. Default 10,000. */
  timeoutMs?: number;
  /** `canary` (default): only the new path is ever a shadow. `other`: the old one too, once users are served by the new. */
  path?: 'canary' | 'other';
}

export interface RunOptions<R, I> {
  /** Handed to both paths; what a recorder keeps and `replay` runs again. */
  input?: I;
  /** Default `never`. */
  fallback?: Fallback<R>;
  /** Milliseconds after which the new path is given up. Default: none. */
  timeoutMs?: number;
  /** The caller's own: aborts both paths. */
  signal?: AbortSignal;
  /** Label of the metrics; a pattern such as `GET /products/:id`. Default empty. */
  endpoint?: string;
  region?: string;
  judge?: (ended: Ended<R>) => Judgement;
  /** In place of the dispatcher's mode. */
  mode?: Mode;
  shadow?: ShadowRequest;
  compare?: Compare<R>;
  /** Of this request; made up where it is left out. */
  idempotencyKey?: string;
}

/** Which user: a flag to be evaluated, or what `assign` gave for it before. */
export type Who = { flag: string; context: EvaluationContext } | { assignment: Assignment };

export type Run<R, I = undefined> = RunOptions<R, I> & Who & { baseline: Path<R, I>; canary: Path<R, I> };

/** Synchronous paths: no time limit can hold them. */
export type SyncRun<R, I = undefined> = Omit<RunOptions<R, I>, 'timeoutMs'> & {
  assignment: Assignment;
  baseline: (call: PathCall<I>) => R;
  canary: (call: PathCall<I>) => R;
};
