import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { missingOfrep, ofrepFaults } from '../test/fixtures/ofrep-description.ts';
import { evaluateAll, evaluateOne } from './ofrep.ts';
import { type FlagService, startFlagService } from './service.ts';

const log = { info: () => undefined, warn: () => undefined };
let dataDir: string;
let service: FlagService;
let empty: FlagService;

const flag = (key: string, over: Partial<FlagState> = {}): FlagState => flagState(0, 1, { key, ...over });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-ofrep-'));
  const options = { flagStore: null, databaseUrl: null, segments: {}, log };
  empty = await startFlagService({ ...options, dataDir: join(dataDir, 'empty') });
  const first = await startFlagService({ ...options, dataDir });
  first.accept(flag('dark'));
  await first.stop();
  service = await startFlagService({ ...options, dataDir });
  service.accept(flag('everybody', { exposure: { ...NO_EXPOSURE, percent: 100 } }));
  service.accept(flag('half', { exposure: { ...NO_EXPOSURE, percent: 50 } }));
  service.accept(flag('broken', { shape: { ...flag('').shape, baseline: 'gone' } }));
  service.accept(flag('dark', { environment: 'staging', exposure: { ...NO_EXPOSURE, percent: 100 } }));
});

afterAll(async () => {
  await Promise.all([service.stop(), empty.stop()]);
  await rm(dataDir, { recursive: true, force: true });
});

const ann = { context: { targetingKey: 'ann' } };
const eventStreams = [{ type: 'sse' as const, url: 'http://flags.test/events', inactivityDelaySec: 120 }];
const one = (key: string, body: unknown = ann, environment = 'production') =>
  evaluateOne(service, { environment, flagSet: null, key, body: JSON.stringify(body) });
const all = (body: unknown = ann, ifNoneMatch?: string, of = service) =>
  evaluateAll(of, {
    environment: 'production',
    flagSet: null,
    body: JSON.stringify(body),
    ifNoneMatch,
    eventStreams,
    now: 1000,
  });

describe('one flag', () => {
  it('is answered with value, variant, reason and metadata', () => {
    expect(one('everybody')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: {
        key: 'everybody',
        value: true,
        variant: 'on',
        reason: 'STATIC',
        metadata: { environment: 'production', revision: 1, flagSetId: 'production', scope: 'production' },
      },
    });
    expect(one('half').body).toMatchObject({ reason: 'TARGETING_MATCH' });
    expect(one('dark', ann, 'staging').body).toMatchObject({ value: true });
  });

  it('gives a caller without a key the baseline', () => {
    expect(one('half', { context: {} })).toMatchObject({
      status: 200,
      body: { value: false, variant: 'off', reason: 'DEFAULT' },
    });
  });

  it('that is disabled has no value: the application uses its own', () => {
    expect(one('broken')).toMatchObject({ status: 200, body: { key: 'broken', reason: 'DISABLED' } });
    expect(one('broken').body).not.toHaveProperty('value');
  });

  it.each([
    ['no JSON', undefined, 'PARSE_ERROR'],
    ['no context', {}, 'INVALID_CONTEXT'],
    ['a list', [], 'INVALID_CONTEXT'],
    ['null', null, 'INVALID_CONTEXT'],
    ['a context that is text', { context: 'ann' }, 'INVALID_CONTEXT'],
    ['a context that is a list', { context: [] }, 'INVALID_CONTEXT'],
    ['a key that is a number', { context: { targetingKey: 7 } }, 'INVALID_CONTEXT'],
  ])('asked with %s is answered 400', (_what, body, errorCode) => {
    // Not through the helpers above: their defaults would take the place of a missing body.
    const asked = { environment: 'production', flagSet: null, body: JSON.stringify(body) };
    const single = evaluateOne(service, { ...asked, key: 'half' });
    expect(single).toMatchObject({ status: 400, body: { key: 'half', errorCode } });
    const bulk = evaluateAll(service, { ...asked, ifNoneMatch: '*', eventStreams, now: 1000 });
    expect(bulk).toMatchObject({ status: 400, body: { errorCode } });
  });

  it('that nobody knows is 404', () => {
    expect(one('nobody')).toMatchObject({
      status: 404,
      body: { key: 'nobody', errorCode: 'FLAG_NOT_FOUND' },
    });
    expect(one('constructor')).toMatchObject({ status: 404 });
  });
});

describe('all flags', () => {
  it('come together, with the metadata of their set', () => {
    expect(all()).toMatchObject({ status: 200, body: { metadata: { flagSetId: 'production' } } });
    expect(all().body).toHaveProperty('flags.length', 4);
  });

  it('are 304 for the ETag of the same answer only', () => {
    const etag = all().headers.etag ?? '';
    expect(all(ann, etag)).toEqual({ status: 304, headers: { etag }, body: null });
    expect(all(ann, `"x", W/${etag}`).status).toBe(304);
    expect(all(ann, etag.replaceAll('"', '')).status).toBe(304);
    expect(all(ann, '"x"').status).toBe(200);
    expect(all({ context: {} }, etag).status).toBe(200);
    service.accept(flag('half', { revision: 2 }));
    expect(all(ann, etag).status).toBe(200);
  });

  it('are not evaluated for an ETag that matches', () => {
    const document = service.document('production');
    const spy = vi.spyOn(document, 'evaluator');
    const watched = { ...service, document: () => document };
    const etag = all(ann, undefined, watched).headers.etag ?? '';
    expect(spy).toHaveBeenCalled();
    spy.mockClear();
    expect(all(ann, etag, watched).status).toBe(304);
    expect(spy).not.toHaveBeenCalled();
  });

  it('are another answer once the clock has passed a turn', () => {
    const document = { ...service.document('production'), turns: () => [2000] };
    const at = (now: number, ifNoneMatch?: string) =>
      evaluateAll(
        { ...service, document: () => document },
        {
          environment: 'production',
          flagSet: null,
          body: JSON.stringify(ann),
          ifNoneMatch,
          eventStreams,
          now,
        },
      );
    const etag = at(1000).headers.etag;
    expect(at(1999, etag).status).toBe(304);
    expect(at(2000, etag).status).toBe(200);
    const restless = { ...document, turns: () => null };
    const any = { environment: 'production', flagSet: null, body: JSON.stringify(ann), eventStreams, now: 0 };
    const first = evaluateAll({ ...service, document: () => restless }, { ...any, ifNoneMatch: undefined });
    const again = { ...any, ifNoneMatch: first.headers.etag };
    expect(evaluateAll({ ...service, document: () => restless }, again).status).toBe(304);
  });
});

it('before there are definitions, is an error and not "no such flag"', () => {
  const asked = { environment: 'production', flagSet: null, key: 'half', body: JSON.stringify(ann) };
  expect(evaluateOne(empty, asked)).toMatchObject({ status: 500, headers: { 'retry-after': '1' } });
  expect(all(ann, undefined, empty).status).toBe(500);
});

describe('OpenFeature’s own OFREP provider', () => {
  let server: Server;
  let client: ReturnType<typeof OpenFeature.getClient>;

  beforeAll(async () => {
    server = createServer((request, response) => void answer(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await OpenFeature.setProviderAndWait('ofrep', new OFREPProvider({ baseUrl: `http://127.0.0.1:${port}` }));
    client = OpenFeature.getClient('ofrep');
  });
  afterAll(async () => {
    await OpenFeature.clearProviders();
    server.close();
  });

  it('reads the answers', async () => {
    const context = { targetingKey: 'ann' };
    expect(await client.getBooleanDetails('everybody', false, context)).toMatchObject({
      value: true,
      variant: 'on',
    });
    expect(await client.getBooleanDetails('dark', true, context)).toMatchObject({
      value: false,
      variant: 'off',
    });
    expect(await client.getBooleanDetails('broken', true, context)).toMatchObject({ value: true });
    expect(await client.getBooleanDetails('nobody', true, context)).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    });
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: unknown = JSON.parse(await text(request));
  const reply = one(decodeURIComponent(request.url?.split('/').at(-1) ?? ''), body);
  response.writeHead(reply.status, reply.headers).end(JSON.stringify(reply.body));
}

describe.skipIf(missingOfrep !== '')(`OFREP's own description${missingOfrep}`, () => {
  it('fits every answer', () => {
    const fits = ofrepFaults();
    for (const key of ['everybody', 'half', 'dark', 'broken']) {
      expect({ key, errors: fits('serverEvaluationSuccess', one(key).body) }).toEqual({ key, errors: [] });
    }
    expect(fits('bulkEvaluationSuccess', all().body)).toEqual([]);
    expect(fits('flagNotFound', one('nobody').body)).toEqual([]);
    expect(fits('evaluationFailure', one('half', {}).body)).toEqual([]);
    expect(fits('bulkEvaluationFailure', all({}).body)).toEqual([]);
    expect(fits('generalErrorResponse', all(ann, undefined, empty).body)).toEqual([]);
    expect(fits('flagNotFound', {})).not.toEqual([]);
  });
});
