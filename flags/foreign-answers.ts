import { type Exposure, sameExposure } from '../plans/exposure.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import { lowers } from '../store/flag-rules.ts';
import type { Intention, LinkedFlag } from '../store/platform-contract.ts';
import { readingOf } from './orders.ts';
import type { Platform } from './platforms/platform.ts';
import type { FlagTarget, FlagWriteResult } from './provider.ts';

/** An order to lower that the platform is not known to have taken. */
export function owed({ flag, link }: LinkedFlag): boolean {
  const { applied } = link;
  if (applied === null || sameExposure(applied, flag.exposure)) return false;
  return lowers(flag.exposure, applied, flag.shape.canary);
}

/**
 * True where an order to lower is sent although `error` is all that a read gave: what is not published yet is published with it, and to nobody
 * it can raise nothing.
 */
export function isSentBlind(error: unknown, wanted: Exposure): boolean {
  return nobody(wanted) || (isFailure(error) && error.code === 'PLATFORM_UNPUBLISHED');
}

export function nobody({ percent, segments, variant }: Exposure): boolean {
  return percent === 0 && segments.length === 0 && variant === null;
}

/** A kill that would only look like one. */
export function watched(
  { key, environment }: FlagTarget,
  { name, where }: Pick<Platform, 'name' | 'where'>,
): Failure {
  return new Failure(
    'FLAG_WATCHED',
    `"${name}" only watches ${key} of ${environment}: nothing was stopped.`,
    {
      where,
      details: [`switch it off at ${where}`],
    },
  );
}

export function answerOf(
  intention: Exclude<Intention, { kind: 'go' }>,
  before: number | null,
): FlagWriteResult {
  const { kind, current } = intention;
  if (kind !== 'unchanged') return { kind: 'refused', why: kind, current: readingOf(current) };
  const { revision, epoch } = current;
  return before === null
    ? { kind: 'unchanged', revision, epoch }
    : { kind: 'written', before, after: revision, epoch };
}
