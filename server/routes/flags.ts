import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import {
  FlagQuery,
  FlagReply,
  FlagsReply,
  KillReply,
  KillRequest,
  ListedFlag,
  UnlockRequest,
} from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { registered } from '../flags/registered.ts';
import { flagPlace, flagReply, listedFlag, operator, targetOf } from '../flags/target.ts';
import { kill } from '../kill.ts';

const Key = z.strictObject({ key: z.string().min(1) });

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
          .flatMap((environment) => registered(flagService, environment))
          .filter(({ environment, key }) => caller.may('read', { environment, flag: key }));
        const refusals = flagService.refusals();
        return {
          flags: flags.map((flag) => ({
            ...listedFlag(flag, { state: flag, refusals }),
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
        response: { 200: ListedFlag },
      },
      handler: async (request) => {
        const target = await targetOf(deps, request.params.key, request.query.environment);
        callerOf(request).demand('read', flagPlace(target));
        const reading = await deps.flags.read(target);
        if (reading === null) {
          throw new Failure('FLAG_UNKNOWN', `There is no flag ${target.key} in ${target.environment}.`);
        }
        return listedFlag(reading, {
          state: deps.flagService.definition(target),
          refusals: deps.flagService.refusals(),
        });
      },
    });

    app.post('/flags/:key/kill', {
      config: { access: ['operate'], idempotency: 'hasty' },
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
