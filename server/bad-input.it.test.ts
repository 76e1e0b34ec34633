import { once } from 'node:events';
import { request as ask } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';

let server: ApiServer;
/** Every address that takes a body, as the server itself knows them: a new one is among them. */
let all: { name: string; method: string; url: string }[];

/** Flags are evaluated by a protocol of others, with refusals of its own; see below. */
const OFREP = '/ofrep/v1/';
/** Whoever has no signature learns nothing else, and any text is a form. */
const SIGNED_FORM = 'POST /api/v1/webhooks/slack';
const MEGABYTE = 1024 * 1024;
/** A group of Alertmanager may hold thousands of alerts. */
const LARGER: Record<string, number> = { 'POST /api/v1/webhooks/alertmanager': 16 * MEGABYTE };

beforeAll(async () => {
  server = await startApiServer();
  all = server.routes
    .filter(({ method }) => !['GET', 'HEAD', 'OPTIONS'].includes(method))
    .map(({ method, path }) => ({
      name: `${method} ${path}`,
      method,
      url: path.replace(':action', 'pause').replaceAll(/:\w+/g, 'first-1'),
    }));
});
afterAll(() => server.close());

interface Refused {
  name: string;
  status: number;
  type: unknown;
  body: unknown;
}

async function send(
  { name, method, url }: (typeof all)[number],
  { type, payload }: { type: string; payload: string | Buffer },
): Promise<Refused> {
  const answer = await server.app.inject({
    method: method as 'POST',
    url,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': type },
    payload,
  });
  const { statusCode: status, headers } = answer;
  return { name, status, type: headers['content-type'], body: answer.json() };
}

const problem = (name: string, status: number, code = 'USAGE') => ({
  name,
  status,
  type: expect.stringContaining('application/problem+json'),
  body: expect.objectContaining({ status, code, detail: expect.stringMatching(/./) }),
});
const ours = () => all.filter(({ url }) => !url.startsWith(OFREP));

describe('every address that takes a body', () => {
  test('is known here', () => {
    expect(ours().length).toBeGreaterThan(20);
    expect(ours().map(({ name }) => name)).toEqual(
      expect.arrayContaining(['POST /api/v1/rollouts', 'POST /api/v1/flags/:key/kill', SIGNED_FORM]),
    );
  });

  test('refuses one that is too large', async () => {
    for (const route of ours()) {
      const payload = Buffer.alloc((LARGER[route.name] ?? 4 * MEGABYTE) + 1, ' ');
      const type = route.name === SIGNED_FORM ? 'application/x-www-form-urlencoded' : 'application/json';
      expect(await send(route, { type, payload })).toEqual(problem(route.name, 413));
    }
  });

  test.each([
    ['half of an object', '{"reason": '],
    ['no JSON', 'reason=none'],
    ['nothing', ''],
    ['a prototype', '{"__proto__": {"admin": true}}'],
  ])('refuses one that is malformed: %s', async (_, payload) => {
    for (const route of ours()) {
      if (route.name === SIGNED_FORM) {
        const signed = await send(route, { type: 'application/x-www-form-urlencoded', payload });
        expect(signed).toEqual(problem(route.name, 401, 'WEBHOOK_REFUSED'));
      } else {
        const refused = await send(route, { type: 'application/json', payload });
        expect(refused).toEqual(problem(route.name, 400));
      }
    }
  });

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense'])(
    'refuses one of another type: %s',
    async (type) => {
      for (const route of ours())
        expect(await send(route, { type, payload: '{}' })).toEqual(problem(route.name, 415));
    },
  );

  test('refuses a form where it wants JSON, and JSON where it wants a form', async () => {
    for (const route of ours()) {
      const type = route.name === SIGNED_FORM ? 'application/json' : 'application/x-www-form-urlencoded';
      expect(await send(route, { type, payload: 'a=b' })).toEqual(problem(route.name, 415));
    }
  });

  test('is refused before it has come, over a real connection, whatever its sender says of its length', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${server.token}`,
        'content-type': 'application/json',
        'content-length': 1e12,
      };
      const sent = ask(`${server.url}/api/v1/rollouts`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.write('{');
    });
    expect(status).toBe(413);
  });
});

describe('what never becomes a request, over a real connection', () => {
  async function raw(bytes: string): Promise<{ status: number; type: string; body: unknown }> {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString();
    });
    socket.write(bytes);
    await once(socket, 'close');
    const [head = '', body = ''] = heard.split('\r\n\r\n', 2);
    return {
      status: Number(head.split(' ')[1]),
      type: /content-type: (.*)/i.exec(head)?.[1] ?? '',
      body: JSON.parse(body) as unknown,
    };
  }

  test.each([
    [431, `GET /api/v1/rollouts?words=${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    [400, 'HELLO\r\n\r\n'],
  ])('is answered with %d as every refusal is', async (status, bytes) => {
    const answer = await raw(bytes);
    expect(answer).toMatchObject({
      status,
      type: 'application/problem+json',
      body: { status, code: 'USAGE' },
    });
  });

  test('a parameter that is far too long is refused by its name', async () => {
    const cursor = encodeURIComponent('\u{1F980}'.repeat(2_000));
    const response = await server.api(`/rollouts?cursor=${cursor}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'USAGE',
      details: [expect.stringContaining('cursor')],
    });
  });
});

test('evaluation refuses by its own protocol, and reads a context of any type', async () => {
  const routes = all.filter(({ url }) => url.startsWith(OFREP));
  expect(routes).toHaveLength(2);
  for (const route of routes) {
    const url = `${route.url}?environment=production`;
    const evaluate = (payload: string) => send({ ...route, url }, { type: 'text/plain', payload });
    const refused = expect.objectContaining({
      errorCode: expect.stringMatching(/^(INVALID_CONTEXT|PARSE_ERROR)$/),
    });
    expect(await evaluate(' '.repeat(1024 * 1024 + 1))).toMatchObject({ status: 400, body: refused });
    expect(await evaluate('{"context": ')).toMatchObject({ status: 400, body: refused });
  }
});
