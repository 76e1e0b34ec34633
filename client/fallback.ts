import type { Fallback, PathFailure } from './run.ts';

/** Whether the old path may answer. A predicate that fails itself says no: the first failure is the one to show. */
export function fallsBack<R>(fallback: Fallback<R> | undefined, failure: PathFailure<R>): boolean {
  if (typeof fallback !== 'function') return fallback === 'safe';
  try {
    return fallback(failure);
  } catch {
    return false;
  }
}
