import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { within } from '../../flags/deadline.ts';
import type { FlagReading, FlagTarget } from '../../flags/provider.ts';
import type { Place } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { FlagQuery, FlagReply, FlagsReply, KillReply, KillRequest, UnlockRequest } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import type { Actor, Named } from '../auth/principal.ts';
import type { ServerDeps } from '../deps.ts';
import { kill } from '../kill.ts';

const Key = z.strictObject({ key: z.string().min(1) });

function flagPlace({ environment, key }: FlagTarget): Place {
  return { environment, flag: key };
}

/** Who moves the flag; `PERMISSION_MISSING` when the sender may not there. */
function operator(request: FastifyRequest, target: FlagTarget, named: Named): Actor {
  const caller = callerOf(request);
  caller.demand('operate', flagPlace(target));
  return caller.actor(named, flagPlace(target));
}

/** The flag that is meant: where its environment is not named, it must have only one. */
async function targetOf(deps: ServerDeps, key: string, environment: string | undefined): Promise<FlagTarget> {
  if (environment !== undefined) return { environment, key };
  const served = deps.flagService
    .environments()
    .filter((name) => deps.flagService.definition({ environment: name, key }) !== null);
  // What is served lags behind, for milliseconds or while its connection comes back: of a flag in two environments
  // it may know one, and a kill must not take that for the only one.
  const found = [...new Set([...served, ...(await claimed(deps, key))])];
  const [only] = found;
  if (only === undefined) throw new Failure('FLAG_UNKNOWN', `There is no flag ${key}.`);
  if (found.length > 1) {
    throw new Failure('USAGE', `The flag ${key} has several environments: name one.`, {
      details: found.toSorted(),
    });
  }
  return { environment: only, key };
}

/** How long the lookup may hold a kill back. */
const LOOKUP_MS = 300;

/** Environments in which some rollout has had this flag; none where PostgreSQL is away. */
async function claimed(deps: ServerDeps, key: string): Promise<string[]> {
  try {
    const rollouts = await within(LOOKUP_MS, deps.rollouts.list({ flag: key, limit: 100 }));
    return [...new Set(rollouts.map(({ environment }) => environment))];
  } catch (error) {
    deps.logger.warn({ err: error, flag: key }, 'cannot look up the environments of a flag');
    return [];
  }
}

function flagReply(reading: FlagReading): FlagReply {
  const { environment, key, exposure, revision, epoch, rolloutId, latch, offline } = reading;
  return { environment, key, exposure, revision, epoch, rolloutId, latch, offline: offline === true };
}

/** Flags as they are delivered, and the two writes that need no rollout: kill and unlock. */
export const flagRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/flags', {
      config: { access: ['read'] },
      schema: { tags: ['flags'], summary: 'List flags', response: { 200: FlagsReply } },
      handler: async (request) => {
        const { flagService } = deps;
        const caller = callerOf(request);
        const latched = new Set(
          flagService.status().latched.map(({ environment, key }) => `${environment}/${key}`),
        );
        const flags = flagService
          .environments()
          .flatMap((environment) => flagService.flags(environment))
          .filter(({ environment, key }) => caller.may('read', { environment, flag: key }));
        return {
          flags: flags.map((flag) => ({
            ...flagReply(flag),
            offline: latched.has(`${flag.environment}/${flag.key}`),
          })),
        };
      },
    });

    app.get('/flags/:key', {
      config: { access: ['read'] },
      schema: {
        tags: ['flags'],
        summary: 'One flag',
        params: Key,
        querystring: FlagQuery,
        response: { 200: FlagReply },
      },
      handler: async (request) => {
        const target = await targetOf(deps, request.params.key, request.query.environment);
        callerOf(request).demand('read', flagPlace(target));
        const reading = await deps.flags.read(target);
        if (reading === null) {
          throw new Failure('FLAG_UNKNOWN', `There is no flag ${target.key} in ${target.environment}.`);
        }
        return flagReply(reading);
      },
    });

    app.post('/flags/:key/kill', {
      config: { access: ['operate'] },
      schema: {
        tags: ['flags'],
        summary: 'Take the canary from everybody now',
        params: Key,
        querystring: FlagQuery,
        body: KillRequest,
        response: { 200: KillReply },
      },
      handler: async (request) => {
        const { by, roles, reason } = request.body;
        const target = await targetOf(deps, request.params.key, request.query.environment);
        return kill(deps, target, { actor: operator(request, target, { by, roles }), reason });
      },
    });

    app.post('/flags/:key/unlock', {
      config: { access: ['operate'] },
      schema: {
        tags: ['flags'],
        summary: 'Let rollouts raise a killed flag again',
        params: Key,
        querystring: FlagQuery,
        body: UnlockRequest,
        response: { 200: FlagReply },
      },
      handler: async (request) => {
        const { by: named, roles, reason } = request.body;
        const target = await targetOf(deps, request.params.key, request.query.environment);
        const { by } = operator(request, target, { by: named, roles });
        return flagReply(await deps.flags.unlock(target, by, reason));
      },
    });
  };
