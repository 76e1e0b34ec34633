import { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { readTls, type TlsFiles } from '../flags/tls.ts';
import { Failure } from '../plans/failures.ts';
import { rememberMethods } from './methods.ts';
import { asProblem } from './problem.ts';
import { answerUnread, LARGEST_HEAD } from './unread.ts';

const PROBLEM = 'application/problem+json';
/** Flags may have long keys, which stand in addresses. */
const LONGEST_KEY = 1024;

/** How long a client may take nothing and give nothing before its connection is closed; `lookMs`: how often that is seen. */
interface Patience {
  /** For a whole request, its body included. */
  requestMs: number;
  /** Without a byte taken of an answer. */
  answerMs: number;
  lookMs: number;
}

const PATIENCE: Patience = { requestMs: 60_000, answerMs: 30_000, lookMs: 5_000 };

/** A server without routes. Every refusal is problem details from the table of failures. @throws Failure CONFIG_INVALID */
export function createApp(
  logger: FastifyBaseLogger,
  { tls = null, patience = PATIENCE }: { tls?: TlsFiles | null; patience?: Patience } = {},
): FastifyInstance {
  // Node would take the smaller of two bounds for the head alone.
  const node = {
    connectionsCheckingInterval: patience.lookMs,
    headersTimeout: patience.requestMs,
    maxHeaderSize: LARGEST_HEAD,
  };
  const app = Fastify({
    loggerInstance: logger,
    // One line per request that changes something, below; reads are too many.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 4 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_KEY },
    requestTimeout: patience.requestMs,
    clientErrorHandler: answerUnread,
    ...(tls === null ? { http: node } : { https: { ...node, ...readTls(tls) } }),
  });
  // Node closes a connection whose time has run out, and sets it anew with the next request. Event streams are hijacked
  // and have their own bound.
  app.addHook('onSend', async (_request, { raw }) => {
    // An injected request has none.
    if (raw.socket instanceof Socket) raw.socket.setTimeout(patience.answerMs);
  });
  // A text would be taken where nothing is said of a body.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const methodsOf = rememberMethods(app);

  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const url = pathOf(request);
    const line = { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (method === 'POST' && !url.startsWith('/ofrep/')) request.log.info(line, 'answered');
    else request.log.debug(line, 'answered');
  });
  app.setErrorHandler(async (error, request, reply) => {
    const problem = asProblem(error);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    if (problem.status >= 500) request.log.error({ err: error, url: pathOf(request) }, problem.detail);
    return reply.code(problem.status).type(PROBLEM).serializer(JSON.stringify).send(problem);
  });
  // Before a body is looked at: of a method that nobody knows, nothing about it matters.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = pathOf(request);
    const methods = methodsOf(path);
    // Also a folder, which the address of its files would match.
    if (methods.length === 0 || methods.includes(request.method))
      throw new Failure('ROUTE_UNKNOWN', `There is nothing at ${path}.`);
    reply.header('allow', methods.toSorted().join(', '));
    throw new Failure('METHOD_UNKNOWN', `${path} does not know ${request.method}.`, {
      details: [methods.join(', ')],
    });
  });
  return app;
}

/** Without the query, in which a ticket may stand. */
export function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** Listens and gives the address. @throws Failure PORT_BUSY */
export async function listenAt(app: FastifyInstance, at: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen(at);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new Failure('PORT_BUSY', `The port ${at.port} is in use.`, { where: `${at.host}:${at.port}` });
    }
    throw error;
  }
}
