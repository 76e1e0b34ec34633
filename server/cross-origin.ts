import type { FastifyInstance } from 'fastify';

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'authorization, content-type, flagd-selector, if-none-match, x-api-key',
  'access-control-max-age': '600',
};
const PATHS = ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/:key', '/flags/v1/:file'];

/** Lets web pages of these origins read the answers (CORS); `*`: of any. Without origins nothing is added. */
export function crossOrigin(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const known = (origin: string | undefined) =>
    origin !== undefined && (origins.includes('*') || origins.includes(origin));
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    reply.header('vary', 'origin');
    if (!known(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', 'etag, retry-after');
  });
  for (const path of PATHS) {
    app.options(path, { schema: { hide: true } }, async (request, reply) =>
      reply
        .code(204)
        .headers(known(request.headers.origin) ? PREFLIGHT : {})
        .send(),
    );
  }
}
