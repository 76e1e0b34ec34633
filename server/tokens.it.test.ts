import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { EventSource } from 'launchdarkly-eventsource';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FlagAccess, Verdict } from '../flags/access.ts';
import { openTokenAccess } from '../flags/token-access.ts';
import { openDatabase } from '../store/connection.ts';
import { createTokenStore } from '../store/tokens.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import { IssuedTokenReply, TokenReply, TokensReply } from './api/flag-tokens.ts';

const log = { info: () => undefined, warn: () => undefined };
let server: ApiServer;

async function api(path: string, body?: object): Promise<Response> {
  if (body === undefined) return server.api(`/flag-tokens${path}`);
  const headers = { 'content-type': 'application/json' };
  return server.api(`/flag-tokens${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}
async function create(environment = 'production', expiresIn: number | null = null) {
  return IssuedTokenReply.parse(await (await api('', { environment, name: 'web', expiresIn })).json());
}
const revoke = async (id: string) => TokenReply.parse(await (await api(`/${id}/revoke`, {})).json());
const bulk = (headers: Record<string, string>, environment = 'production') =>
  fetch(`${server.url}/ofrep/v1/evaluate/flags?environment=${environment}`, {
    method: 'POST',
    headers,
    body: '{"context":{"targetingKey":"ann"}}',
  });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  server = await startApiServer({ auth: 'tokens' });
  for (const environment of ['production', 'staging']) {
    await server.flagStore.claim(
      { environment, key: 'pricing-v2' },
      flagState(0, 0).shape,
      `r-${environment}`,
    );
  }
  await vi.waitUntil(() => server.flagService.environments().length === 2);
});
afterAll(() => server.close());

describe('a token', () => {
  it('is shown once and kept as a hash', async () => {
    const { token, id } = await create();
    expect(token).toMatch(/^tgflags_/);
    const listed = TokensReply.parse(await (await api('?environment=production')).json());
    expect(listed.tokens.map((each) => each.id)).toContain(id);
    expect(JSON.stringify(listed)).not.toContain(token);
    const client = new pg.Client(server.databaseUrl);
    await client.connect();
    const { rows } = await client.query('select row_to_json(t)::text as row from flag_tokens t');
    await client.end();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('opens its own environment, everywhere and at once', async () => {
    const { token } = await create();
    expect((await bulk({})).status).toBe(401);
    expect((await bulk({})).headers.get('www-authenticate')).toBe('Bearer');
    expect((await bulk(bearer(token))).status).toBe(200);
    expect((await bulk({ 'x-api-key': token })).status).toBe(200);
    expect((await bulk(bearer(`${token.slice(0, -1)}${token.endsWith('A') ? 'E' : 'A'}`))).status).toBe(401);
    expect((await bulk(bearer('nonsense'))).status).toBe(401);
    const elsewhere = await bulk(bearer(token), 'staging');
    expect([elsewhere.status, (await elsewhere.json()) as object]).toMatchObject([
      403,
      { errorCode: 'GENERAL' },
    ]);
    const part = await bulk(
      {
        ...bearer(token),
        'flagd-selector': 'environment=staging,flagSetId=production',
      },
      '',
    );
    expect(part.status).toBe(403);
    const file = (environment: string, headers: Record<string, string>) =>
      fetch(`${server.url}/flags/v1/${environment}.json`, { headers });
    expect((await file('production', {})).status).toBe(401);
    expect((await file('staging', bearer(token))).status).toBe(403);
    const own = await file('production', bearer(token));
    expect([own.status, own.headers.get('cache-control')]).toEqual([200, 'private, no-cache']);
  });

  it('says its environment where none is named', async () => {
    const { token } = await create('staging');
    const reply = await fetch(`${server.url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: bearer(token),
      body: '{"context":{}}',
    });
    expect(await reply.json()).toMatchObject({ metadata: { flagSetId: 'staging' } });
  });

  it('that is revoked or has expired opens nothing, and its streams end', async () => {
    const [revoked, expiring] = [await create(), await create('production', 2)];
    const streams = await Promise.all(
      [revoked, expiring].map(({ token }) =>
        fetch(`${server.url}/ofrep/v1/events`, { headers: bearer(token) }),
      ),
    );
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const texts = streams.map((stream) => stream.text());
    expect(await revoke(revoked.id)).toMatchObject({ state: 'revoked', revokedBy: 'local-admin' });
    expect(await texts[0]).toContain('refetchEvaluation');
    expect((await bulk(bearer(revoked.token))).status).toBe(401);
    expect(await texts[1]).toContain('refetchEvaluation');
    for (const { token } of [revoked, expiring]) {
      const headers = bearer(token);
      const one = `${server.url}/ofrep/v1/evaluate/flags/pricing-v2`;
      const answers = await Promise.all([
        bulk(headers),
        fetch(one, { method: 'POST', headers, body: '{"context":{}}' }),
        fetch(`${server.url}/ofrep/v1/events`, { headers }),
        fetch(`${server.url}/flags/v1/production.json`, { headers }),
        fetch(`${server.url}/flags/v1/production.json`, { method: 'HEAD', headers }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    }
    const listed = TokensReply.parse(await (await api('')).json());
    expect(listed.tokens.find(({ id }) => id === expiring.id)?.state).toBe('expired');
    expect((await api('/nobody/revoke', {})).status).toBe(404);
  });
});

describe('the event stream of a page', () => {
  it.each(['expires', 'is revoked'])('that a ticket has opened ends when its token %s', async (how) => {
    const { token, id } = await create('production', how === 'expires' ? 2 : null);
    const { eventStreams } = (await (await bulk(bearer(token))).json()) as {
      eventStreams: { url: string }[];
    };
    const url = eventStreams[0]?.url ?? '';
    const stream = await fetch(url);
    expect(stream.status).toBe(200);
    const text = stream.text();
    if (how === 'is revoked') await revoke(id);
    // The text is whole only once the server has ended the stream.
    expect(await text).toContain('refetchEvaluation');
    expect((await fetch(url)).status).toBe(401);
  });

  it('is opened by the ticket of the answer, which opens nothing else', async () => {
    const { token, id } = await create();
    vi.stubGlobal('EventSource', EventSource);
    const provider = new OFREPWebProvider({
      baseUrl: server.url,
      cacheMode: 'disabled',
      headers: [['Authorization', `Bearer ${token}`]],
    });
    await provider.initialize({ targetingKey: 'ann' });
    server.flagService.accept(flagState(100, 50));
    await vi.waitFor(() => {
      expect(provider.resolveBooleanEvaluation('pricing-v2', false, {}).value).toBe(true);
    });
    await provider.onClose?.();
    vi.unstubAllGlobals();

    const { eventStreams } = (await (await bulk(bearer(token))).json()) as {
      eventStreams: { url: string }[];
    };
    const url = eventStreams[0]?.url ?? '';
    expect(url).not.toContain(token);
    const ticket = new URL(url).searchParams.get('ticket') ?? '';
    expect((await bulk(bearer(ticket))).status).toBe(401);
    const opened = (address: string) => fetch(address).then((reply) => reply.status);
    expect(await opened(url.replace('environment=production', 'environment=staging'))).toBe(403);
    expect(await opened(url.replace(ticket, `${ticket}x`))).toBe(401);
    expect(await opened(`${server.url}/ofrep/v1/events`)).toBe(401);
    await revoke(id);
    await vi.waitFor(async () => expect(await opened(url)).toBe(401));
  });
});

it('tokens open flags while PostgreSQL is away, also after a restart', async () => {
  const { token } = await create();
  expect((await bulk(bearer(token))).status).toBe(200);
  await server.wire.cut();
  expect((await bulk(bearer(token))).status).toBe(200);
  expect((await bulk(bearer('tgflags_aaaaaaaaaa_'.padEnd(62, 'x')))).status).toBe(401);
  const database = openDatabase(server.databaseUrl);
  const again: FlagAccess = await openTokenAccess({
    store: createTokenStore(database),
    databaseUrl: server.databaseUrl,
    dataDir: server.dataDir,
    log,
  });
  const kinds = async (environment: string | null): Promise<Verdict['kind']> =>
    (await again.check({ environment, token })).kind;
  expect([await kinds(null), await kinds('staging')]).toEqual(['allowed', 'elsewhere']);
  await again.stop();
  await database.close();
  await server.wire.mend();
});
