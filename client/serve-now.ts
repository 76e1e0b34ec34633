import { type DispatcherParts, servesCanary } from './dispatcher-parts.ts';
import { DrillError, drillNow } from './drill.ts';
import { effects } from './effects.ts';
import { fallsBack } from './fallback.ts';
import type { Ended } from './judgement.ts';
import type { SyncRun } from './run.ts';
import {
  callOf,
  countFallback,
  enter,
  failureOf,
  finish,
  inContext,
  type Passage,
  shadowOf,
} from './serve.ts';

/** `serve` for synchronous paths. */
export function serveNow<R, I>(parts: DispatcherParts, request: SyncRun<R, I>): R {
  const { assignment } = request;
  const passage = enter<R, I>(parts, request, { assignment, quiet: effects.suppressed() });
  const mode = request.mode ?? parts.mode(assignment);
  passage.shadow = shadowOf(passage, mode);
  const takes = servesCanary(assignment, mode) ? 'canary' : 'baseline';
  return inContext(passage, () => {
    const began = performance.now();
    const ended = attempt(passage, takes === 'canary' ? drilled(passage, request) : request.baseline);
    const { outcome } = finish(passage, ended, (performance.now() - began) / 1_000);
    const failure = takes === 'canary' ? failureOf(ended, outcome) : null;
    if (failure !== null && fallsBack(request.fallback, failure)) {
      const second = attempt(passage, request.baseline);
      countFallback(passage, second, failure);
      return give(second);
    }
    return give(ended);
  });
}

function attempt<R, I>(passage: Passage<R, I>, path: SyncRun<R, I>['baseline']): Ended<R> {
  try {
    return { kind: 'result', result: path(callOf(passage)) };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function give<R>(ended: Ended<R>): R {
  if (ended.kind === 'error') throw ended.error;
  return ended.result;
}

/** Synchronous code cannot wait, so a drill only throws. */
function drilled<R, I>(
  { parts, assignment }: Passage<R, I>,
  { canary }: SyncRun<R, I>,
): SyncRun<R, I>['canary'] {
  const drill = parts.drills === null ? null : drillNow(assignment, parts.drills);
  if (drill === null || parts.random() >= drill.errorRate) return canary;
  return () => {
    parts.metrics.drilled(assignment.flag, 'error');
    throw new DrillError(assignment.flag);
  };
}
