import type { FastifySchema, RouteOptions } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Access } from '../auth/guard.ts';
import { KEY_HEADER } from '../idempotency.ts';
import { refusalsOf } from './answers.ts';
import { BODIES, PARAMETERS, PLAIN } from './examples.ts';
import { withShapes } from './shapes.ts';

interface Parameter {
  name: string;
  in: string;
  schema: Record<string, unknown>;
  required?: boolean;
  description?: string;
  example?: unknown;
}

interface Content {
  schema?: unknown;
  examples?: Record<string, { value: unknown }>;
}

export interface Operation {
  summary?: string;
  description?: string;
  operationId?: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, Content>; required?: boolean };
  responses: Record<
    string,
    { description: string; content?: Record<string, Content>; [key: string]: unknown }
  >;
  'x-access'?: Access;
  'x-idempotency'?: string;
  security?: unknown;
}

interface Document {
  components?: Record<string, unknown>;
  paths?: Record<string, Record<string, Operation>>;
}

/** A route as the document has it, with who may call it. */
export function describeRoute(described: { schema: FastifySchema; url: string; route: RouteOptions }): {
  schema: FastifySchema;
  url: string;
} {
  const { config } = described.route;
  const { schema, url } = jsonSchemaTransform(
    described as unknown as Parameters<typeof jsonSchemaTransform>[0],
  );
  const access = config?.access ?? 'public';
  const more = { 'x-access': access, 'x-idempotency': config?.idempotency ?? 'wanted' };
  return { schema: { ...schema, ...more } as FastifySchema, url };
}

/** Completes what the routes say: every refusal with its form, keys of repetition, streams, texts and examples. */
export function completed(document: object): object {
  const { components = {}, paths = {}, ...rest } = document as Document;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      complete(operation, { path, method });
      // Only here to be read above.
      delete operation['x-idempotency'];
    }
  }
  return withTuples(
    withShapes({
      ...rest,
      security: [{ token: [] }, { session: [] }],
      components: {
        ...components,
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`tidegate tokens create`' },
          session: { type: 'apiKey', in: 'cookie', name: 'tidegate_session' },
        },
      },
      paths: Object.fromEntries(Object.entries(paths).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    }),
  );
}

function complete(operation: Operation, { path, method }: { path: string; method: string }): void {
  const access = operation['x-access'] ?? 'public';
  operation.operationId = operationId(path, method);
  if (access === 'public') operation.security = [];
  const changes = method !== 'get';
  const keyed = changes && access !== 'public' && operation['x-idempotency'] !== 'none';
  if (keyed) {
    (operation.parameters ??= []).push({
      name: KEY_HEADER,
      in: 'header',
      description: 'The same request with the same key is carried out once (24 hours, for one sender).',
      schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!#-~]+$' },
    });
  }
  for (const parameter of operation.parameters ?? []) {
    const example = PARAMETERS[parameter.name];
    if (example !== undefined) parameter.example = example;
    // The phases are listed in their pattern, for a client that makes one up.
    if (parameter.in === 'path') parameter.schema = { ...parameter.schema, minLength: 1 };
  }
  const body = operation.requestBody?.content['application/json'];
  const example = BODIES[`${method} ${path}`];
  if (body !== undefined && example !== undefined) body.examples = { usual: { value: example } };
  const plain = PLAIN[`${method} ${path}`];
  if (plain !== undefined) operation.responses = { ...plain };
  const has = { body: operation.requestBody !== undefined, changes, access, place: path.includes('{') };
  for (const [status, codes] of Object.entries(refusalsOf(path, has))) {
    operation.responses[status] ??= {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  for (const [status, response] of Object.entries(operation.responses))
    if (response.description === 'Default Response') response.description = DONE[status] ?? 'The answer';
}

const DONE: Record<string, string> = {
  200: 'Done',
  201: 'Made',
  202: 'Taken',
  204: 'Nothing more to say',
  503: 'Not ready',
};

/** `get /api/v1/rollouts/{id}/journal`: `getRolloutsByIdJournal`. */
function operationId(path: string, method: string): string {
  const words = path
    .replace('/api/v1', '')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('{') ? `by-${part.slice(1, -1)}` : part))
    .flatMap((part) => part.split(/[^a-z0-9]+/i));
  return method + words.map((word) => `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`).join('');
}

/** A list with a shape for each place is `prefixItems` since JSON Schema 2020-12. */
function withTuples<T>(node: T): T {
  if (Array.isArray(node)) return node.map((item: unknown) => withTuples(item)) as T;
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]: [string, unknown]) => [
      key === 'items' && Array.isArray(value) ? 'prefixItems' : key,
      withTuples(value),
    ]),
  ) as T;
}
