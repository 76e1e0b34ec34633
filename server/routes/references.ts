import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Permission } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { ReferenceRequest, ReferencesReply } from '../api/references.ts';
import { type Caller, callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { environmentsOf, flagPlace } from '../flags/target.ts';

const params = z.strictObject({ key: z.string().min(1) });
const tags = ['flags'];

/** What names a flag in the code, as a build reports it. Code knows no environments, so a report is of all of them. */
export const referenceRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const placesOf = async (key: string, caller: Caller, needed: readonly [Permission, ...Permission[]]) => {
      const environments = await environmentsOf(deps, key);
      if (environments.length === 0) {
        // Whoever may do nothing here does not learn which flags there are.
        caller.demand(needed, { environment: null, flag: key });
        throw new Failure('FLAG_UNKNOWN', `There is no flag ${key}.`);
      }
      return environments.map((environment) => flagPlace({ environment, key }));
    };

    app.post('/flags/:key/references', {
      config: { access: ['submit', 'operate'] },
      schema: {
        tags,
        summary: 'Report how often a repository names a flag',
        params,
        body: ReferenceRequest,
        response: { 200: ReferencesReply },
      },
      handler: async (request) => {
        const { key } = request.params;
        const { by: named, repository, count, commit } = request.body;
        const caller = callerOf(request);
        const places = await placesOf(key, caller, ['submit', 'operate']);
        for (const place of places) caller.demand(['submit', 'operate'], place);
        const { by } = caller.actor({ by: named }, places[0] ?? { environment: null, flag: key });
        await deps.references.report(key, { repository, count, commit, by });
        request.log.info({ flag: key, repository, count, commit, by }, 'references of a flag were reported');
        return { flag: key, reports: await deps.references.reports(key) };
      },
    });

    app.get('/flags/:key/references', {
      config: { access: ['read'] },
      schema: {
        tags,
        summary: 'How often repositories name a flag, as they last reported',
        params,
        response: { 200: ReferencesReply },
      },
      handler: async (request) => {
        const { key } = request.params;
        const caller = callerOf(request);
        const places = await placesOf(key, caller, ['read']);
        if (!places.some((place) => caller.may('read', place)))
          for (const place of places) caller.demand('read', place);
        return { flag: key, reports: await deps.references.reports(key) };
      },
    });
  };
