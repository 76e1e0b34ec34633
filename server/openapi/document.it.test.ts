import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../../test/fixtures/api-server.ts';
import type { Operation } from './operation.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

async function served(): Promise<Document> {
  return (await (await server.api('/openapi.json')).json()) as Document;
}

function operations(document: Document): [name: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
}

/** After a wanted change: `npx vitest run --project it server/openapi -u`. */
test('the document that is checked in is the one that is served', async () => {
  const text = `${JSON.stringify(await served(), null, 1)}\n`;
  await expect(text).toMatchFileSnapshot('../../docs/openapi.json');
});

test('every address says what it answers, its refusals included, under a name of its own', async () => {
  const document = await served();
  expect(document.openapi).toBe('3.1.0');
  const all = operations(document);
  expect(all.length).toBeGreaterThan(50);
  expect(new Set(all.map(([, { operationId }]) => operationId)).size).toBe(all.length);
  for (const [name, { responses, summary }] of all) {
    expect({ name, summary }).toEqual({ name, summary: expect.any(String) });
    expect({ name, statuses: Object.keys(responses) }).toEqual({
      name,
      statuses: expect.arrayContaining(['400', '500']),
    });
    for (const [status, { content }] of Object.entries(responses)) {
      const type = Number(status) >= 400 && !name.endsWith('/readyz') ? 'application/problem+json' : '';
      if (type !== '')
        expect({ name, status, types: Object.keys(content ?? {}) }).toMatchObject({ types: [type] });
      else if (status !== '204')
        expect({ name, status, content }).toMatchObject({ content: expect.any(Object) });
    }
  }
});

test('every change takes an Idempotency-Key, but those with a secret in the answer', async () => {
  const without = operations(await served())
    .filter(([name]) => !name.startsWith('get '))
    .filter(([, { parameters = [] }]) => !parameters.some(({ name }) => name === 'idempotency-key'))
    .map(([name]) => name);
  expect(without.toSorted()).toEqual([
    'delete /api/v1/session',
    'post /api/v1/flag-tokens',
    'post /api/v1/session',
    'post /api/v1/session/codes',
    'post /api/v1/tokens',
    'post /api/v1/webhooks/slack',
    'post /api/v1/webhooks/{name}',
  ]);
});

test('what the document refers to is in it', async () => {
  const document = await served();
  const refs = new Set(JSON.stringify(document).match(/#\/components\/schemas\/\w+/g));
  const { schemas } = (document as unknown as { components: { schemas: object } }).components;
  expect([...refs].filter((ref) => !Object.hasOwn(schemas, ref.split('/').at(-1) ?? ''))).toEqual([]);
});
