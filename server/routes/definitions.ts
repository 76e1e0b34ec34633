import type { FastifyPluginAsync } from 'fastify';
import { matches } from '../../flags/etag.ts';
import { Failure } from '../../plans/failures.ts';
import { type DeliveryParts, only } from '../admission.ts';

interface Ask {
  Params: { file: string };
  Querystring: { flagSetId?: string };
}

const ENDING = '.json';

/**
 * `GET /flags/v1/<environment>.json`: the definitions of an environment, or with `?flagSetId=` of one flag set in it, as
 * flagd reads them from a file or by its own HTTP sync. Ask with `If-None-Match`; a cache on the way must ask too, or a kill would wait for it.
 */
export const definitionRoutes =
  ({ service, access, admit }: DeliveryParts): FastifyPluginAsync =>
  async (app) => {
    app.get<Ask>('/:file', { schema: { hide: true } }, async (request, reply) => {
      const { file } = request.params;
      if (!file.endsWith(ENDING) || file === ENDING) {
        throw new Failure('ROUTE_UNKNOWN', `There is nothing named ${file}: ask for <environment>${ENDING}.`);
      }
      const admitted = await admit(request, {
        environment: file.slice(0, -ENDING.length),
        flagSetId: only(request.query.flagSetId),
      });
      if (admitted.kind === 'no') {
        reply.headers(admitted.headers);
        throw admitted.failure;
      }
      if (!service.ready()) {
        reply.header('retry-after', '1');
        throw new Failure('POSTGRES_UNREACHABLE', 'There are no flag definitions yet, and none on disk.');
      }
      const { environment, flagSet } = admitted;
      // An empty file in place of a misspelt one would take all flags away.
      if (!service.environments().includes(environment)) {
        throw new Failure('FLAG_UNKNOWN', `There are no flags in ${environment}.`);
      }
      if (flagSet !== null && service.flags(environment).every(({ spec }) => spec?.flagSet !== flagSet)) {
        throw new Failure('FLAG_UNKNOWN', `There are no flags in the flag set ${flagSet} of ${environment}.`);
      }
      const { text, version, changedAt } = service.document(environment, flagSet);
      const etag = `"${version}"`;
      reply.headers({
        etag,
        'last-modified': new Date(changedAt).toUTCString(),
        'cache-control': access.auth === 'off' ? 'no-cache' : 'private, no-cache',
      });
      if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type('application/json; charset=utf-8').send(text);
    });
  };
