import type { Permission } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import type { PersonEvent } from '../rollout/event.ts';
import type { Action, ActionRequest } from './api.ts';
import type { ServerDeps } from './deps.ts';

/**
 * Whom an exclusion or inclusion means.
 * @throws Failure USAGE, SEGMENT_UNKNOWN of one that is to be excluded
 */
export function whoOf(
  { known }: Pick<ServerDeps, 'known'>,
  action: Action,
  { tenant, segment }: Pick<ActionRequest, 'tenant' | 'segment'>,
): Pick<PersonEvent, 'who'> {
  if (tenant === undefined && segment === undefined) return {};
  if (tenant !== undefined && segment !== undefined)
    throw new Failure('USAGE', 'It takes a tenant or a segment, not both.');
  if (tenant !== undefined) return { who: { tenant } };
  const name = segment ?? '';
  // Of a name that nothing is known of everybody would be left out.
  if (action === 'exclude' && !name.includes('=') && !known.segments.includes(name))
    throw new Failure('SEGMENT_UNKNOWN', `There is no segment ${name}.`, {
      details: known.segments.length === 0 ? [] : [`one of ${known.segments.toSorted().join(', ')}`],
    });
  return { who: { segment: name } };
}

/** What each decision needs. Whoever submitted a plan may also withdraw what it waits for. */
export const NEEDED: Record<Action, readonly [Permission, ...Permission[]]> = {
  approve: ['approve'],
  confirm: ['approve'],
  reject: ['approve', 'submit'],
  'step-back': ['operate'],
  pause: ['operate'],
  resume: ['operate'],
  recheck: ['operate', 'submit'],
  waive: ['approve'],
  'accept-drift': ['operate'],
  rollback: ['operate'],
  exclude: ['operate'],
  include: ['operate'],
  end: ['operate', 'submit'],
  abandon: ['operate'],
};
