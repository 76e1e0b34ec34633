import { excludedNames, namesOf } from '../plans/exclusion.ts';
import { type Exposure, leavingOut, leftOut } from '../plans/exposure.ts';
import type { PersonEvent, Refusal } from './event.ts';
import type { RolloutState } from './state.ts';

/** Whom a person means, as exposures name them; null: nobody is named. */
export function namedBy({ plan }: RolloutState, { who }: PersonEvent): string | null {
  if (who === undefined) return null;
  const [name] = 'segment' in who ? [who.segment] : namesOf(plan, { tenants: [who.tenant] });
  return name ?? null;
}

/** What is served now without whom the plan excludes, and without whom it leaves out already. */
export function withoutExcluded({ plan, exposure }: Pick<RolloutState, 'plan' | 'exposure'>): Exposure {
  return leavingOut(exposure, [...leftOut(exposure), ...excludedNames(plan)]);
}

/** Why nobody can be taken off the canary alone; null: it lowers, and nothing else holds it. */
export function excludeRefusal(state: RolloutState, event: PersonEvent): Refusal | null {
  const { id, plan } = state;
  const name = namedBy(state, event);
  if (name === null) return { code: 'USAGE', message: 'it takes a tenant or a segment' };
  if (event.reason === null)
    return { code: 'REASON_MISSING', message: `taking ${name} off the canary needs a reason` };
  if (plan.flag.provider !== 'embedded')
    return {
      code: 'EXCLUDE_REFUSED',
      message: `"${plan.flag.provider}" cannot leave ${name} out of what it serves: leave them out there, or roll back`,
    };
  if (plan.reversibility === 'forward-only' && state.startedAt !== null)
    return {
      code: 'EXCLUDE_REFUSED',
      message: `${id} is forward-only: the old path may not read what the canary has written for ${name}; a rollback gives everybody the safe exposure`,
    };
  return excludedNames(plan).includes(name)
    ? { code: 'NOT_WAITING', message: `${name} is off the canary of ${id} already` }
    : null;
}

export function includeRefusal(state: RolloutState, event: PersonEvent): Refusal | null {
  const { id } = state;
  const name = namedBy(state, event);
  if (name === null) return { code: 'USAGE', message: 'it takes a tenant or a segment' };
  if (event.reason === null)
    return { code: 'REASON_MISSING', message: `giving ${name} the canary again needs a reason` };
  if (state.excluded?.some((one) => one.name === name) !== true)
    return {
      code: 'NOT_WAITING',
      message: excludedNames(state.plan).includes(name)
        ? `the plan of ${id} excludes ${name}: amend it`
        : `nobody has taken ${name} off the canary of ${id}`,
    };
  return state.amendment === null
    ? null
    : { code: 'NOT_WAITING', message: `another change of ${id} waits for a second person first` };
}
