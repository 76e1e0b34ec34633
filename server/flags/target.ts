import type { FastifyRequest } from 'fastify';
import { within } from '../../flags/deadline.ts';
import type { Refusal } from '../../flags/guard.ts';
import type { FlagReading, FlagTarget } from '../../flags/provider.ts';
import type { Place } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { readableSpec } from '../../plans/flag/spec.ts';
import type { FlagState } from '../../store/flag-contract.ts';
import type { FlagReply, ListedFlag } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import type { Actor, Named } from '../auth/principal.ts';
import type { ServerDeps } from '../deps.ts';

export function flagPlace({ environment, key }: FlagTarget): Place {
  return { environment, flag: key };
}

/** Who moves or changes the flag; `PERMISSION_MISSING` when the sender may not there. */
export function operator(request: FastifyRequest, target: FlagTarget, named: Named): Actor {
  const caller = callerOf(request);
  caller.demand('operate', flagPlace(target));
  return caller.actor(named, flagPlace(target));
}

/** The flag that is meant: where its environment is not named, it must have only one. */
export async function targetOf(
  deps: ServerDeps,
  key: string,
  environment: string | undefined,
): Promise<FlagTarget> {
  if (environment !== undefined) return { environment, key };
  const found = await environmentsOf(deps, key);
  const [only] = found;
  if (only === undefined) throw new Failure('FLAG_UNKNOWN', `There is no flag ${key}.`);
  if (found.length > 1) {
    throw new Failure('USAGE', `The flag ${key} has several environments: name one.`, {
      details: found.toSorted(),
    });
  }
  return { environment: only, key };
}

/** Where there is or was a flag of this key. */
export async function environmentsOf(deps: ServerDeps, key: string): Promise<string[]> {
  const served = deps.flagService
    .environments()
    .filter((name) => deps.flagService.definition({ environment: name, key }) !== null);
  // What is served lags behind, for milliseconds or while its connection comes back: of a flag in two environments
  // it may know one, and a kill must not take that for the only one.
  return [...new Set([...served, ...(await known(deps, key))])];
}

/** How long the lookup may hold a kill back. */
const LOOKUP_MS = 300;

/** Environments in which there is this flag, or some rollout has had it; none where PostgreSQL is away. */
async function known(deps: ServerDeps, key: string): Promise<string[]> {
  try {
    const lookup = Promise.all([
      deps.registry.environments(key),
      deps.rollouts.list({ flag: key, limit: 100 }),
    ]);
    const [defined, rollouts] = await within(LOOKUP_MS, lookup);
    return [...defined, ...rollouts.map(({ environment }) => environment)];
  } catch (error) {
    deps.logger.warn({ err: error, flag: key }, 'cannot look up the environments of a flag');
    return [];
  }
}

/** A reading beside the entry of the registry that this server has. */
export function listedFlag(
  reading: FlagReading,
  { state, refusals }: { state: Pick<FlagState, 'spec' | 'lifecycle'> | null; refusals: readonly Refusal[] },
): ListedFlag {
  const { environment, key } = reading;
  const refusal = refusals.find((one) => one.environment === environment && one.key === key);
  const { owner, purpose, expires, flagSet } = readableSpec(state?.spec) ?? {
    owner: null,
    purpose: null,
    expires: null,
    flagSet: undefined,
  };
  const lifecycle = state?.lifecycle ?? null;
  const about = { owner, purpose, expires, lifecycle, flagSet: flagSet ?? null };
  return { ...flagReply(reading), ...about, refused: refusal?.fault ?? null };
}

export function flagReply(reading: FlagReading): FlagReply {
  const { environment, key, exposure, revision, epoch, rolloutId, latch, offline } = reading;
  return { environment, key, exposure, revision, epoch, rolloutId, latch, offline: offline === true };
}
