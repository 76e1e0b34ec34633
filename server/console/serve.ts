import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
// Small, kept by its author, used by Vite, and for Node 18 and later: @fastify/static 10 wants Node 22.
import sirv from 'sirv';
import { Failure } from '../../plans/failures.ts';

/** The addresses of the console's pages, which one document shows. The API and the flags have others. */
const PAGES = [
  '/',
  '/enter',
  '/rollouts/:id',
  '/rollouts/:id/amend',
  '/approvals',
  '/flags',
  '/calendar',
  '/submit',
] as const;

const YEAR_S = 31_536_000;

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** The console: its one document at the address of each page, and its files, whose names change with their content. */
export const consoleRoutes =
  (folder: string | null): FastifyPluginAsync =>
  async (app) => {
    if (folder === null) {
      app.get('/', { schema: { hide: true } }, async () => {
        throw new Failure('ROUTE_UNKNOWN', 'The console is not built here: `npm run build` builds it.');
      });
      return;
    }
    const files = sirv(folder, { brotli: true, gzip: true, etag: true, setHeaders: keepOrAsk });
    const send = (request: FastifyRequest, reply: FastifyReply, url: string) => {
      reply.hijack();
      for (const [name, value] of Object.entries(HEADERS)) reply.raw.setHeader(name, value);
      request.raw.url = url;
      files(request.raw, reply.raw, () => {
        reply.raw.statusCode = 404;
        reply.raw.setHeader('cache-control', 'no-store');
        reply.raw.end();
      });
    };
    for (const page of PAGES)
      app.get(page, { schema: { hide: true } }, (request, reply) => send(request, reply, '/'));
    app.get('/assets/*', { schema: { hide: true } }, (request, reply) => send(request, reply, request.url));
  };

/** A name with a hash stands for one content for ever; the document says which names are the present ones. */
function keepOrAsk(reply: { setHeader(name: string, value: string): unknown }, path: string): void {
  reply.setHeader(
    'cache-control',
    path.startsWith('/assets/') ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
  );
}
