import type { FastifySchema, RouteOptions } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { KEY_HEADER } from '../idempotency.ts';
import { refusalsOf } from './answers.ts';
import { BODIES, PARAMETERS, PLAIN } from './examples.ts';
import type { Document, Operation } from './operation.ts';
import { withShapes } from './shapes.ts';

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
  return { schema: { ...schema, ...more }, url };
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

/**
 * A list with a shape for each place (`prefixItems`, or an array of `items` before JSON Schema 2020-12) as one of any of them:
 * readers of OpenAPI, schemathesis among them, stumble over both.
 */
function withTuples<T>(node: T): T {
  if (Array.isArray(node)) return node.map((item: unknown) => withTuples(item)) as T;
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(
    ([key, value]: [string, unknown]) => [key, withTuples(value)] as const,
  );
  const made: Record<string, unknown> = Object.fromEntries(entries);
  const places = [made['prefixItems'], made['items']].find((value) => Array.isArray(value));
  if (places === undefined) return made as T;
  const shapes = [...new Map(places.map((one: unknown) => [JSON.stringify(one), one])).values()];
  const { prefixItems: _, ...rest } = made;
  return { ...rest, items: shapes.length === 1 ? shapes[0] : { anyOf: shapes } } as T;
}
