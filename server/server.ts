import fastifyCookie from '@fastify/cookie';
import fastifySwagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { Failure } from '../plans/failures.ts';
import { guard } from './auth/guard.ts';
import type { ServerDeps } from './deps.ts';
import { refuseForeignHost, refuseOpenAddress } from './loopback.ts';
import { rememberMethods } from './methods.ts';
import { asProblem } from './problem.ts';
import { alertRoutes } from './routes/alerts.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { eventRoutes } from './routes/events.ts';
import { flagRoutes } from './routes/flags.ts';
import { healthRoutes } from './routes/health.ts';
import { ofrepRoutes } from './routes/ofrep.ts';
import { reportRoutes } from './routes/report.ts';
import { rolloutRoutes } from './routes/rollouts.ts';
import { loginRoutes, sessionRoutes } from './routes/session.ts';
import { tokenRoutes } from './routes/tokens.ts';

const PROBLEM = 'application/problem+json';

/**
 * The HTTP API: `/api/v1` (described at `/api/v1/openapi.json`), OFREP under `/ofrep/v1`, `/healthz` and
 * `/readyz`. Every refusal is problem details from the table of failures. It does not listen yet.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const app = Fastify({
    loggerInstance: deps.logger,
    // One line per request that changes something, below; reads are too many.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 4 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const methodsOf = rememberMethods(app);

  const ownName = new URL(deps.access.publicUrl).hostname;
  app.addHook('onRequest', async (request) => refuseForeignHost(request.headers.host, ownName));
  app.addHook('onResponse', async (request, reply) => {
    const { method, url } = request;
    const line = { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (method === 'POST' && !url.startsWith('/ofrep/')) request.log.info(line, 'answered');
    else request.log.debug(line, 'answered');
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = asProblem(error);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (problem.status >= 500) request.log.error({ err: error, url: request.url }, problem.detail);
    return reply.code(problem.status).type(PROBLEM).serializer(JSON.stringify).send(problem);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = methodsOf(path);
    if (methods.length === 0) throw new Failure('ROUTE_UNKNOWN', `There is nothing at ${path}.`);
    reply.header('allow', methods.toSorted().join(', '));
    throw new Failure('METHOD_UNKNOWN', `${path} does not know ${request.method}.`, {
      details: [methods.join(', ')],
    });
  });

  app.register(fastifyCookie);
  app.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Tidegate', version: '1' } },
    transform: jsonSchemaTransform,
  });
  app.register(
    async (api) => {
      guard(api, deps.access);
      const typed = api.withTypeProvider<ZodTypeProvider>();
      await typed.register(sessionRoutes(deps));
      await typed.register(tokenRoutes(deps));
      await typed.register(rolloutRoutes(deps));
      await typed.register(comparisonRoutes(deps));
      await typed.register(reportRoutes(deps));
      await typed.register(eventRoutes(deps));
      await typed.register(flagRoutes(deps));
      await typed.register(alertRoutes(deps));
      api.get('/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, async () =>
        app.swagger(),
      );
    },
    { prefix: '/api/v1' },
  );
  app.register(ofrepRoutes(deps), { prefix: '/ofrep/v1' });
  app.register(loginRoutes(deps));
  app.register(healthRoutes(deps));
  return app;
}

/** Listens and gives the address; `PORT_BUSY` when another process has the port, `CONFIG_INVALID` off loopback. */
export async function listen(
  app: FastifyInstance,
  at: { host: string; port: number; hasLogin: boolean },
): Promise<string> {
  refuseOpenAddress(at.host, at);
  try {
    return await app.listen({ host: at.host, port: at.port });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Failure('PORT_BUSY', `The port ${at.port} is in use.`, { where: `${at.host}:${at.port}` });
    }
    throw error;
  }
}
