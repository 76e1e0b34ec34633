import { setTimeout as wait } from 'node:timers/promises';
import type { Assignment, Mode } from './assignment.ts';
import { type DispatcherParts, servesCanary } from './dispatcher-parts.ts';
import { type Drill, DrillError, type DrillOptions, drillOf } from './drill.ts';
import { effects, withEffects } from './effects.ts';
import { fallsBack } from './fallback.ts';
import { type Ended, type Judged, judged } from './judgement.ts';
import { Call, type Path, RequestKey } from './path-call.ts';
import type { PathFailure, Run, RunOptions } from './run.ts';
import { isThenable } from './thenable.ts';
import { inTime, isLate } from './timed.ts';

/** One request on its way through a choke point. */
export interface Passage<R, I> {
  parts: DispatcherParts;
  request: RunOptions<R, I> & { baseline: Path<R, I>; canary: Path<R, I> };
  assignment: Assignment;
  key: RequestKey;
  /** The path that also runs behind the user's back. */
  shadow: 'baseline' | 'canary' | null;
  /** Within another dispatcher's shadow nothing is counted: no user asked for it. */
  quiet: boolean;
}

export function serve<R, I>(parts: DispatcherParts, request: Run<R, I>): Promise<R> {
  const quiet = effects.suppressed();
  if ('assignment' in request) return passed(parts, request, { assignment: request.assignment, quiet });
  const { flag, context } = request;
  return parts.assignAnd({ flag, context, quiet }, (assignment) =>
    pass(parts, request, { assignment, quiet }),
  );
}

/** What the path throws at once is a rejection too. */
async function passed<R, I>(...passing: Parameters<typeof pass<R, I>>): Promise<R> {
  return pass<R, I>(...passing);
}

function pass<R, I>(
  parts: DispatcherParts,
  request: Passage<R, I>['request'],
  known: { assignment: Assignment; quiet: boolean },
): R | Promise<R> {
  const { assignment } = known;
  const passage = enter(parts, request, known);
  const mode = request.mode ?? parts.mode(assignment);
  passage.shadow = shadowOf(passage, mode);
  const go = () => (servesCanary(assignment, mode) ? viaCanary(passage) : viaBaseline(passage));
  return inContext(passage, go);
}

export function enter<R, I>(
  parts: DispatcherParts,
  request: Passage<R, I>['request'],
  { assignment, quiet }: { assignment: Assignment; quiet: boolean },
): Passage<R, I> {
  const key = new RequestKey(request.idempotencyKey);
  if (!quiet) parts.recorder?.record({ assignment, key, input: request.input, endpoint: request.endpoint });
  return { parts, request, assignment, key, shadow: null, quiet };
}

/** Code deep within a path asks for the key; following it through promises costs, so only where there is one. */
export function inContext<R, I, T>({ request, shadow, key }: Passage<R, I>, go: () => T): T {
  if (shadow === null && request.idempotencyKey === undefined) return go();
  return withEffects({ suppressed: false, idempotencyKey: key.value }, go);
}

/** Of a path that answers at once no promise is made: they are most of what a choke point costs. */
function viaBaseline<R, I>(passage: Passage<R, I>): R | Promise<R> {
  const began = performance.now();
  let answer: R | PromiseLike<R>;
  try {
    answer = passage.request.baseline(callOf(passage));
  } catch (error) {
    finish(passage, { kind: 'error', error }, secondsSince(began));
    throw error;
  }
  if (isThenable(answer)) return awaited(passage, answer, began);
  finish(passage, { kind: 'result', result: answer }, secondsSince(began));
  return answer;
}

async function awaited<R, I>(
  passage: Passage<R, I>,
  ...[answer, began]: [PromiseLike<R>, number]
): Promise<R> {
  let ended: Ended<R>;
  try {
    ended = { kind: 'result', result: await answer };
  } catch (error) {
    ended = { kind: 'error', error };
  }
  finish(passage, ended, secondsSince(began));
  if (ended.kind === 'error') throw ended.error;
  return ended.result;
}

function viaCanary<R, I>(passage: Passage<R, I>): R | Promise<R> {
  const { parts, request } = passage;
  if (parts.drills !== null) return viaDrilledCanary(passage, parts.drills);
  const call = callOf(passage);
  const began = performance.now();
  let answer: R | PromiseLike<R>;
  try {
    answer = request.canary(call);
  } catch (error) {
    return canaryEnded(passage, { kind: 'error', error }, began);
  }
  if (isThenable(answer)) return canaryAwaited(passage, answer, { call, began });
  return canaryEnded(passage, { kind: 'result', result: answer }, began);
}

/** Where a drill may break it. */
async function viaDrilledCanary<R, I>(passage: Passage<R, I>, options: DrillOptions): Promise<R> {
  const { parts, request, assignment } = passage;
  const drill = await drillOf(assignment, { client: parts.client, options });
  const path = drill === null ? request.canary : drilled(passage, drill);
  const call = callOf(passage);
  const began = performance.now();
  return canaryAwaited(passage, (async () => path(call))(), { call, began });
}

async function canaryAwaited<R, I>(
  passage: Passage<R, I>,
  ...[answer, { call, began }]: [PromiseLike<R>, { call: Call<I>; began: number }]
): Promise<R> {
  const { timeoutMs: milliseconds } = passage.request;
  const { flag } = passage.assignment;
  let ended: Ended<R>;
  try {
    const result = await (milliseconds === undefined ? answer : inTime(answer, { flag, milliseconds }));
    ended = { kind: 'result', result };
  } catch (error) {
    if (isLate(error, flag)) call.abort(error);
    ended = { kind: 'error', error };
  }
  return canaryEnded(passage, ended, began);
}

function canaryEnded<R, I>(passage: Passage<R, I>, ...[ended, began]: [Ended<R>, number]): R | Promise<R> {
  const { outcome } = finish(passage, ended, secondsSince(began));
  const failure = failureOf(ended, outcome);
  if (failure !== null && fallsBack(passage.request.fallback, failure)) return instead(passage, failure);
  if (ended.kind === 'error') throw ended.error;
  return ended.result;
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1_000;
}

/** The old path's answer in place of the new one's. Its errors are the caller's. */
async function instead<R, I>(passage: Passage<R, I>, failure: PathFailure<R>): Promise<R> {
  try {
    const result = await passage.request.baseline(callOf(passage));
    countFallback(passage, { kind: 'result', result }, failure);
    return result;
  } catch (error) {
    countFallback(passage, { kind: 'error', error }, failure);
    throw error;
  }
}

export function countFallback<R, I>(
  { parts, request, assignment, quiet }: Passage<R, I>,
  ...[ended, failure]: [Ended<R>, PathFailure<R>]
): void {
  if (quiet) return;
  const { outcome } = judged(ended, request.judge);
  const result = outcome === 'ok' ? 'ok' : 'error';
  parts.metrics.fallback(assignment.flag, { reason: failure.kind, result });
}

export function callOf<R, I>({ request, assignment, key, quiet }: Passage<R, I>): Call<I> {
  // Without an input the paths are typed to take none.
  const input = request.input as I;
  return new Call({ input, assignment, key, shadow: quiet, outer: request.signal });
}

/** Counts how the assigned path ended, and has the other one run behind it. */
export function finish<R, I>(passage: Passage<R, I>, ...[ended, seconds]: [Ended<R>, number]): Judged {
  const { parts, request, assignment, shadow, quiet } = passage;
  const verdict = verdictOf(passage, ended);
  const { endpoint = '', region = '' } = request;
  const { flag, variant, audience } = assignment;
  if (!quiet) {
    const { code, outcome } = verdict;
    const took = verdict.seconds ?? seconds;
    parts.cohorts.record({ flag, variant, audience, endpoint, region, code, outcome, seconds: took });
  }
  if (shadow !== null && verdict.outcome !== 'aborted') {
    parts.shadows.offer({
      assignment,
      shadow,
      path: request[shadow],
      input: request.input as I,
      key: passage.key,
      endpoint,
      served: ended,
      seconds: verdict.seconds ?? seconds,
      variants: parts.variants(flag),
      timeoutMs: request.shadow?.timeoutMs ?? parts.shadow.timeoutMs,
      compare: request.compare,
      judge: request.judge,
    });
  }
  return verdict;
}

function verdictOf<R, I>({ request, assignment }: Passage<R, I>, ended: Ended<R>): Judged {
  if (ended.kind === 'error') {
    const none = { code: undefined, seconds: undefined };
    if (request.signal?.aborted === true) return { outcome: 'aborted', ...none };
    if (isLate(ended.error, assignment.flag)) return { outcome: 'timeout', ...none };
  }
  return judged(ended, request.judge);
}

export function failureOf<R>(ended: Ended<R>, outcome: Judged['outcome']): PathFailure<R> | null {
  if (outcome === 'ok' || outcome === 'aborted') return null;
  if (ended.kind === 'result') return { kind: 'result', result: ended.result };
  return { kind: outcome, error: ended.error };
}

/** Which path runs behind the user's back: none, for most requests. */
export function shadowOf<R, I>(
  { parts, request, assignment, quiet }: Passage<R, I>,
  mode: Mode,
): 'baseline' | 'canary' | null {
  const wanted = mode === 'shadow' || mode === 'dark' || (mode === 'live' && request.shadow !== undefined);
  if (!wanted || quiet) return null;
  if (mode === 'dark' && assignment.cohort === 'baseline') return null;
  const served = servesCanary(assignment, mode) ? 'canary' : 'baseline';
  // The old path knows nothing of guarded effects unless somebody has seen to it.
  if (served === 'canary' && request.shadow?.path !== 'other') return null;
  const sample = request.shadow?.sample ?? parts.shadow.sample ?? 1;
  if (parts.random() >= sample) return null;
  return served === 'canary' ? 'baseline' : 'canary';
}

function drilled<R, I>({ parts, request, assignment }: Passage<R, I>, drill: Drill): Path<R, I> {
  return async (call) => {
    const { flag } = assignment;
    if (parts.random() < drill.errorRate) {
      parts.metrics.drilled(flag, 'error');
      throw new DrillError(flag);
    }
    if (drill.latencyMs > 0) {
      parts.metrics.drilled(flag, 'latency');
      await wait(drill.latencyMs, undefined, { signal: call.signal });
    }
    return request.canary(call);
  };
}
