import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { tokenFor } from '../test/fixtures/console-visit.ts';
import { examplePreflight } from '../test/fixtures/preflight-view.ts';
import type { PreflightReply, PreflightView } from './api/preflights.ts';
import type { Problem } from './api.ts';
import type { PreflightWanted } from './preflight-wanted.ts';

interface Asked {
  wanted: PreflightWanted;
  resolve: (view: PreflightView) => void;
  reject: (error: Error) => void;
}

let server: ApiServer;
let sam = '';
const asked: Asked[] = [];
beforeAll(async () => {
  server = await startApiServer({
    preflight: (wanted) =>
      new Promise((resolve, reject) => {
        asked.push({ wanted, resolve, reject });
      }),
  });
  sam = await tokenFor(server, 'sam', ['submitter@production']);
}, 60_000);
beforeEach(() => {
  for (const { reject } of asked.splice(0)) reject(new Failure('PROMETHEUS_UNREACHABLE', 'gone'));
});
afterAll(() => server?.close());

interface Answered<T> {
  status: number;
  body: T;
  location: string | null;
}

async function ask<T>(
  path: string,
  { body, token = sam }: { body?: object; token?: string } = {},
): Promise<Answered<T>> {
  const reply = await fetch(`${server.url}/api/v1/plans/preflights${path}`, {
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: (await reply.json()) as T, location: reply.headers.get('location') };
}

test('goes on in the background, says how far it is, and then what it found', async () => {
  const begun = await ask<PreflightReply>('', { body: { text: planFor('pricing'), days: 3 } });
  expect(begun).toMatchObject({ status: 202, body: { state: 'running', done: 0, whole: 0, report: null } });
  const path = `/${begun.body.id}`;
  expect(begun.location).toBe(`/api/v1/plans/preflights${path}`);
  expect(asked[0]?.wanted).toMatchObject({ days: 3, served: null, file: 'plan.yaml' });
  // The same again is the same one.
  expect((await ask<PreflightReply>('', { body: { text: planFor('pricing') } })).body.id).toBe(begun.body.id);
  asked[0]?.wanted.told(30, 120);
  expect((await ask<PreflightReply>(path)).body).toMatchObject({ state: 'running', done: 30, whole: 120 });
  asked[0]?.resolve(examplePreflight());
  const done = await ask<PreflightReply>(path);
  expect(done.body).toMatchObject({ state: 'done', report: examplePreflight(), problem: null });
});

test('says why it failed, and no more of what is a mistake of ours', async () => {
  const first = await ask<PreflightReply>('', { body: { text: planFor('first') } });
  asked[0]?.reject(
    new Failure('PROMETHEUS_UNREACHABLE', 'Prometheus does not answer.', { details: ['ECONN'] }),
  );
  expect((await ask<PreflightReply>(`/${first.body.id}`)).body).toMatchObject({
    state: 'failed',
    problem: { code: 'PROMETHEUS_UNREACHABLE', status: 502, details: ['ECONN'] },
  });
  const second = await ask<PreflightReply>('', { body: { text: planFor('second') } });
  asked[1]?.reject(new TypeError('secret of the house'));
  const { body } = await ask<PreflightReply>(`/${second.body.id}`);
  expect(body).toMatchObject({ state: 'failed', problem: { code: 'INTERNAL' } });
  expect(JSON.stringify(body)).not.toContain('secret');
});

test('is for whoever may submit there, and is read by whoever began it', async () => {
  const elsewhere = await ask<Problem>('', { body: { text: planFor('x', 'staging') } });
  expect(elsewhere).toMatchObject({ status: 403, body: { code: 'PERMISSION_MISSING' } });
  expect(asked).toEqual([]);
  const wrong = await ask<Problem>('', { body: { text: planFor('x').replace('bake: 1h', 'bake: soon') } });
  expect(wrong).toMatchObject({ status: 422, body: { code: 'PLAN_INVALID' } });
  const { body } = await ask<PreflightReply>('', { body: { text: planFor('mine') } });
  const eve = await tokenFor(server, 'eve', ['submitter']);
  expect(await ask<Problem>(`/${body.id}`, { token: eve })).toMatchObject({
    status: 404,
    body: { code: 'PREFLIGHT_UNKNOWN' },
  });
});

test('runs twice at once and no more', async () => {
  for (const flag of ['one', 'two'])
    expect((await ask('', { body: { text: planFor(flag) } })).status).toBe(202);
  const third = await ask<Problem>('', { body: { text: planFor('three') } });
  expect(third).toMatchObject({ status: 429, body: { code: 'PREFLIGHT_BUSY' } });
});

test('tells the preflight why a rollout could not take the flag as it is defined', async () => {
  const definition = {
    kind: 'percentage',
    purpose: 'ops',
    variants: { new: 'n', old: 'o' },
    baseline: 'old',
    canary: 'new',
  };
  const made = await server.api('/flags/parted/definition?environment=production', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ definition, create: true, reason: 'a test' }),
  });
  expect(made.status).toBe(200);
  const before = asked.length;
  await ask<PreflightReply>('', { body: { text: planFor('parted') } });
  expect(asked[before]?.wanted.served).toMatchObject({
    unclaimable: {
      path: 'flag',
      message: expect.stringContaining('The variants of the plan and of parted do not go together: '),
      instead: expect.stringContaining('the flag has new, old'),
    },
  });
});
