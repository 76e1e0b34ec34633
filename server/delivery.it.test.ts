import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature as Server } from '@openfeature/server-sdk';
import { ClientProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'launchdarkly-eventsource';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { serverEvents } from '../cli/event-stream.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { missingOfrep, ofrepFaults } from '../test/fixtures/ofrep-description.ts';

const ann = { context: { targetingKey: 'ann' } };
let server: ApiServer;
let revision = 1;

/** A newer state of `pricing-v2`, as if PostgreSQL had told. */
function turn(percent: number, environment = 'production'): void {
  revision += 1;
  server.flagService.accept(flagState(percent, revision, { environment }));
}

function post(path: string, body: unknown = ann, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
const bulk = (headers: Record<string, string> = {}, query = '') =>
  post(`/ofrep/v1/evaluate/flags${query}`, ann, headers);

beforeAll(async () => {
  // What the store does not know would be gone with the next look.
  server = await startApiServer({ delivery: { origins: ['https://shop.example.com'] } });
  const target = { environment: 'production', key: 'pricing-v2' };
  await server.flagStore.claim(target, flagState(0, 0).shape, 'r-1');
  await server.flagStore.claim({ ...target, environment: 'staging' }, flagState(0, 0).shape, 'r-2');
  await vi.waitUntil(() => server.flagService.environments().length === 2);
  turn(0);
});
afterAll(() => server.close());

describe('OFREP’s web provider in a page', () => {
  it('follows changes by the event stream that the answer names', async () => {
    vi.stubGlobal('EventSource', EventSource);
    const provider = new OFREPWebProvider({ baseUrl: server.url, cacheMode: 'disabled' });
    const changes: unknown[] = [];
    provider.events.addHandler(ClientProviderEvents.ConfigurationChanged, (details) => {
      changes.push(details?.flagsChanged);
    });
    await provider.initialize({ targetingKey: 'ann' });
    const value = () => provider.resolveBooleanEvaluation('pricing-v2', false, {}).value;
    expect(value()).toBe(false);
    turn(100);
    await vi.waitFor(() => expect(value()).toBe(true));
    expect(changes).toEqual([['pricing-v2']]);
    turn(0);
    await vi.waitFor(() => expect(value()).toBe(false));
    await provider.onClose?.();
    vi.unstubAllGlobals();
  });
});

describe('OFREP’s server provider', () => {
  it('evaluates a flag for each caller', async () => {
    await Server.setProviderAndWait('delivery', new OFREPProvider({ baseUrl: server.url }));
    const client = Server.getClient('delivery');
    turn(100);
    expect(await client.getBooleanValue('pricing-v2', false, { targetingKey: 'ann' })).toBe(true);
    const wrong = await client.getStringDetails('pricing-v2', 'own', { targetingKey: 'ann' });
    expect(wrong).toMatchObject({ value: 'own', errorCode: 'TYPE_MISMATCH' });
    const unknown = await client.getBooleanDetails(`${'long'.repeat(60)}-é`, true, {});
    expect(unknown).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
    await Server.clearProviders();
  });
});

describe('the event stream', () => {
  interface Heard {
    events: { id?: string; type?: string; etag?: string; lastModified?: number }[];
    raw: () => string;
    stop: () => void;
  }
  async function hear(headers: Record<string, string> = {}, environment = 'production'): Promise<Heard> {
    const giveUp = new AbortController();
    const response = await fetch(`${server.url}/ofrep/v1/events?environment=${environment}`, {
      headers,
      signal: giveUp.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    if (response.body === null) throw new Error('no stream');
    const [forEvents, forText] = response.body.tee();
    const events: Heard['events'] = [];
    let text = '';
    void (async () => {
      for await (const { data } of serverEvents(forEvents)) events.push(JSON.parse(data));
    })().catch(() => undefined);
    void (async () => {
      for await (const bytes of forText) text += Buffer.from(bytes).toString();
    })().catch(() => undefined);
    return { events, raw: () => text, stop: () => giveUp.abort() };
  }

  it('tells at once what stands, and each change of its environment once', async () => {
    const heard = await hear();
    await expect.poll(() => heard.events.length).toBe(1);
    turn(50);
    await expect.poll(() => heard.events.length).toBe(2);
    turn(50, 'staging');
    turn(25);
    await expect.poll(() => heard.events.length).toBe(3);
    const { version, changedAt } = server.flagService.document('production');
    expect(heard.events.at(-1)).toEqual({
      type: 'refetchEvaluation',
      etag: version,
      lastModified: Math.floor(changedAt / 1000),
    });
    expect(heard.raw()).toContain('retry: 1000\n\n');
    heard.stop();
  });

  it('tells a client that comes back only what it has missed', async () => {
    const { version } = server.flagService.document('production');
    const [missed, nothing] = await Promise.all([
      hear({ 'last-event-id': 'older' }),
      hear({ 'last-event-id': version }),
    ]);
    await expect.poll(() => missed.events.length).toBe(1);
    expect(nothing.events).toEqual([]);
    turn(26);
    await expect.poll(() => [missed.events.length, nothing.events.length]).toEqual([2, 1]);
    missed.stop();
    nothing.stop();
  });
});

describe.skipIf(missingOfrep !== '')(`OFREP's own description of event streams${missingOfrep}`, () => {
  /** The events of a stream by their fields, as a client of server-sent events reads them; comments are none. */
  function eventsIn(text: string): Record<string, unknown>[] {
    const blocks = text.split('\n\n').slice(0, -1);
    const read = blocks.map((block) => {
      const fields = block.split('\n').filter((line) => !line.startsWith(':'));
      return Object.fromEntries(fields.map((line) => /^([a-z]+): ?(.*)$/.exec(line)?.slice(1) ?? [line, '']));
    });
    return read.filter((fields) => Object.keys(fields).length > 0);
  }

  it('fits each event, what it says, and the answer that names the stream', async () => {
    const faults = ofrepFaults();
    const giveUp = new AbortController();
    const url = `${server.url}/ofrep/v1/events?environment=production`;
    const { body } = await fetch(url, { signal: giveUp.signal });
    let text = '';
    void (async () => {
      for await (const bytes of body ?? []) text += Buffer.from(bytes).toString();
    })().catch(() => undefined);
    await expect.poll(() => text).toContain('data:');
    turn(61);
    await expect.poll(() => eventsIn(text).filter(({ data }) => data !== undefined)).toHaveLength(2);
    giveUp.abort();
    const [hello, ...events] = eventsIn(text);
    // The first block has no data: it is the field alone that tells when to come back, and no event.
    expect(hello).toEqual({ retry: '1000' });
    for (const event of events) {
      expect(Object.keys(event)).toEqual(['id', 'data']);
      expect(faults('sseEvent', event)).toEqual([]);
      expect(faults('sseEventData', JSON.parse(String(event['data'])))).toEqual([]);
    }
    expect(faults('sseEvent', { id: '1' })).not.toEqual([]);
    expect(faults('sseEventData', { etag: '1' })).not.toEqual([]);
    const answer = (await (await bulk()).json()) as { eventStreams: unknown[] };
    expect(answer.eventStreams).toHaveLength(1);
    expect(faults('bulkEvaluationSuccess', answer)).toEqual([]);
    expect(faults('bulkEvaluationSuccess', { ...answer, eventStreams: [{ type: 7 }] })).not.toEqual([]);
  });
});

describe('a client that was told of a change by another server', () => {
  it('is answered when this server has it too', async () => {
    const { changedAt } = server.flagService.document('production');
    const ahead = Math.floor(changedAt / 1000) + 5;
    const waiting = bulk({}, `?flagConfigEtag=not-here-yet&flagConfigLastModified=${ahead}`);
    let answered = false;
    void waiting.then(() => {
      answered = true;
    });
    // Another request, begun later, is answered before.
    await bulk();
    expect(answered).toBe(false);
    revision += 1;
    server.flagService.accept(flagState(100, revision, { updatedAt: (ahead + 1) * 1000 }));
    const { flags } = (await (await waiting).json()) as { flags: { value: boolean }[] };
    expect(flags[0]?.value).toBe(true);
  });

  it('is not kept waiting for what never comes', async () => {
    const { status } = await bulk({}, '?flagConfigEtag=never&flagConfigLastModified=9999999999');
    expect(status).toBe(200);
    expect((await bulk({}, '?flagConfigEtag=never&flagConfigLastModified=1')).status).toBe(200);
  });
});

describe('what is wrong', () => {
  it.each([
    ['no JSON', '{', 400, 'PARSE_ERROR'],
    ['nothing', '', 400, 'PARSE_ERROR'],
    ['a context that is a number', '{"context":7}', 400, 'INVALID_CONTEXT'],
    ['too much', JSON.stringify({ context: { a: 'x'.repeat(2_000_000) } }), 400, 'INVALID_CONTEXT'],
  ])('%s is answered in the protocol’s codes', async (_what, body, status, errorCode) => {
    for (const path of ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/pricing-v2']) {
      const response = await post(path, body);
      expect({ status: response.status, ...((await response.json()) as object) }).toMatchObject({
        status,
        errorCode,
      });
    }
  });

  it.each([
    ['deeply nested', `{"context":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
    ['a prototype', '{"context":{"__proto__":{"targetingKey":"x"},"constructor":null}}'],
    ['odd values', '{"context":{"targetingKey":"\\u0000","email":[1,{"a":null}],"n":1e999}}'],
  ])('%s is no error of the server', async (_what, body) => {
    const one = await post('/ofrep/v1/evaluate/flags/pricing-v2', body);
    const all = await post('/ofrep/v1/evaluate/flags', body);
    expect([one.status < 500, all.status < 500]).toEqual([true, true]);
  });

  it('is said: a selector that names no environment, a flag that nobody knows, another type of body', async () => {
    const selector = await bulk({ 'flagd-selector': 'source=file' });
    expect({ status: selector.status, ...((await selector.json()) as object) }).toMatchObject({
      status: 400,
      errorCode: 'GENERAL',
    });
    expect((await post('/ofrep/v1/evaluate/flags/constructor')).status).toBe(404);
    expect((await post('/ofrep/v1/evaluate/flags/%ff')).status).toBe(400);
    expect((await bulk({ 'content-type': 'application/xml' })).status).toBe(200);
  });
});

describe('the download', () => {
  const get = (name: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${server.url}/flags/v1/${name}`, { headers, method });

  it('is what flagd reads, with an ETag that spares the next one', async () => {
    const first = await get('production.json');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(first.headers.get('content-type')).toContain('application/json');
    expect(await first.text()).toBe(server.flagService.document('production').text);
    const second = await get('production.json', { 'if-none-match': etag });
    expect([second.status, await second.text()]).toEqual([304, '']);
    turn(7);
    expect((await get('production.json', { 'if-none-match': etag })).status).toBe(200);
    expect((await get('production.json', {}, 'HEAD')).headers.get('etag')).not.toBe(etag);
  });

  it('of one flag set has its flags alone, and of one without flags it is 404', async () => {
    const inSet = (flagSet: string) => ({ spec: FlagSpec.parse({ kind: 'percentage', flagSet }) });
    const cart = { environment: 'production', key: 'cart' };
    await server.flagStore.claim(cart, flagState(0, 0).shape, 'r-3');
    revision += 1;
    server.flagService.accept(flagState(100, revision, { ...cart, ...inSet('checkout') }));
    const first = await get('production.json?flagSetId=checkout');
    const text = await first.text();
    expect(Object.keys(JSON.parse(text).flags)).toEqual(['cart']);
    expect(await (await get('production.json', { 'flagd-selector': 'flagSetId=checkout' })).text()).toBe(
      text,
    );
    const etag = first.headers.get('etag') ?? '';
    turn(9);
    const again = await get('production.json?flagSetId=checkout', { 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect((await get('production.json?flagSetId=nothing')).status).toBe(404);

    const selector = { 'flagd-selector': 'environment=production,flagSetId=checkout' };
    const keys = async (response: Response) => {
      const answer = (await response.json()) as { flags: { key: string }[] };
      return answer.flags.map(({ key }) => key);
    };
    expect(await keys(await bulk(selector))).toEqual(['cart']);
    expect(await keys(await bulk({}, '?environment=production&flagSetId=checkout'))).toEqual(['cart']);
    expect(await keys(await bulk({}, '?environment=staging&flagSetId=checkout'))).toEqual([]);
    expect(await keys(await bulk())).toEqual(expect.arrayContaining(['cart', 'pricing-v2']));
    const outside = await post('/ofrep/v1/evaluate/flags/pricing-v2', ann, selector);
    expect([outside.status, await outside.json()]).toMatchObject([404, { errorCode: 'FLAG_NOT_FOUND' }]);
    expect((await post('/ofrep/v1/evaluate/flags/cart', ann, selector)).status).toBe(200);
    const { eventStreams } = (await (await bulk(selector)).json()) as { eventStreams: { url: string }[] };
    expect(eventStreams[0]?.url).toContain('flagSetId=checkout');
    const giveUp = new AbortController();
    const events = await fetch(eventStreams[0]?.url ?? '', { signal: giveUp.signal });
    const { version } = server.flagService.document('production', 'checkout');
    for await (const { data } of serverEvents(events.body as ReadableStream<Uint8Array>)) {
      expect(JSON.parse(data)).toMatchObject({ etag: version });
      break;
    }
    giveUp.abort();
  });

  it('of an environment that is misspelt is 404 and never an empty file', async () => {
    expect((await get('prodcution.json')).status).toBe(404);
    expect((await get('production')).status).toBe(404);
    expect((await get('.json')).status).toBe(404);
  });
});

describe('a page of another origin', () => {
  it('may read the answers if it is named, and no other', async () => {
    const from = (origin: string, method = 'POST') =>
      fetch(`${server.url}/ofrep/v1/evaluate/flags`, {
        method,
        headers: { origin, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
        ...(method === 'POST' ? { body: JSON.stringify(ann) } : {}),
      });
    const allowed = async (response: Promise<Response>) =>
      (await response).headers.get('access-control-allow-origin');
    expect(await allowed(from('https://shop.example.com'))).toBe('https://shop.example.com');
    expect(await allowed(from('https://evil.example.com'))).toBeNull();
    const preflight = await from('https://shop.example.com', 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  });
});

it('more than the limit is 429 with the time to wait', async () => {
  const own = await startApiServer({ delivery: { limit: 2 } });
  const statuses: number[] = [];
  let retryAfter: string | null = null;
  for (let request = 0; request < 40 && retryAfter === null; request += 1) {
    const response = await fetch(`${own.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      body: JSON.stringify(ann),
    });
    statuses.push(response.status);
    retryAfter = response.headers.get('retry-after');
    if (response.status === 429) expect(await response.json()).toMatchObject({ errorCode: 'GENERAL' });
  }
  expect(statuses.at(-1)).toBe(429);
  expect(retryAfter).toBe('1');
  const download = await fetch(`${own.url}/flags/v1/production.json`);
  expect([download.status, download.headers.get('retry-after')]).toEqual([429, '1']);
  await own.close();
});
