import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { evaluationVerdict } from '../../plans/flag/evaluations.ts';
import { EvaluationsQuery, EvaluationsReply } from '../api/evaluations.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import { flagPlace } from '../flags/target.ts';

/** Who was seen to evaluate which flag. */
export const evaluationRoutes =
  ({ evaluations, sightings, flagService, now }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/evaluations', {
      config: { access: ['read'] },
      schema: {
        tags: ['flags'],
        summary: 'Who was seen to evaluate each flag',
        querystring: EvaluationsQuery,
        response: { 200: EvaluationsReply },
      },
      handler: async (request) => {
        const to = now();
        const from = to - request.query.window * 1000;
        const [ofrep, clients] = await Promise.all([evaluations.read(from), sightings({ from, to })]);
        const readable = flagService
          .environments()
          .flatMap((environment) => flagService.flags(environment))
          .filter((flag) => callerOf(request).may('read', flagPlace(flag)));
        const shown = new Set(readable.map(({ key }) => key));
        return {
          from,
          to,
          ofrepSince: ofrep.since,
          // Names of flags that the caller may not look at stay here.
          clients: clients.map((client) =>
            'flags' in client ? { ...client, flags: client.flags.filter((flag) => shown.has(flag)) } : client,
          ),
          flags: readable.map((flag) => {
            const { environment, key } = flag;
            const counted = (name: string | null) =>
              ofrep.counts.find((each) => each.environment === environment && each.key === name)?.count ?? 0;
            const verdict = evaluationVerdict(flag, { from, ofrep, clients });
            return { environment, key, ofrep: counted(key), bulk: counted(null), verdict };
          }),
        };
      },
    });
  };
