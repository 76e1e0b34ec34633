import { afterAll, beforeAll, expect, test } from 'vitest';
import { capabilities } from '../app/platform-checks.ts';
import { ProviderConfig } from '../flags/platforms/config.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import { RULES } from '../plans/rules.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { tokenFor } from '../test/fixtures/console-visit.ts';
import type { CheckReply } from './api/plans.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
}, 60_000);
afterAll(() => server?.close());

async function check(body: object, token = server.token): Promise<{ status: number; body: CheckReply }> {
  const reply = await fetch(`${server.url}/api/v1/plans/check`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: reply.status, body: (await reply.json()) as CheckReply };
}

async function submit(text: string): Promise<string> {
  const reply = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, by: 'ada', roles: [] }),
  });
  return ((await reply.json()) as { id: string }).id;
}

test('every finding has its line, also a name that only the server knows to be wrong', async () => {
  const broken = await check({ text: planFor('broken').replace('bake: 1h', 'bake: soon') });
  expect(broken.body).toMatchObject({ ok: false, outlook: null, queries: null, differences: null });
  expect(broken.body.findings[0]).toMatchObject({ severity: 'error', line: 8, path: 'stages[0].bake' });
  const text = planFor('named').replace(
    'name: 5%, percent: 5,',
    'name: team, audience: { segments: [nobody] },',
  );
  const { body } = await check({ text, file: 'p.yaml' });
  expect(body.findings).toContainEqual({
    severity: 'error',
    rule: 'PLAN-NAME',
    line: 8,
    column: 41,
    path: 'stages[0].audience.segments',
    message: '"nobody" is not in `segments` of tidegate.yaml',
    instead: 'one of employees',
    why: '',
    mend: 'one of employees',
    allow: null,
  });
  expect(body.errors).toEqual([
    'p.yaml:8:41: stages[0].audience.segments: "nobody" is not in `segments` of tidegate.yaml. Instead: one of employees',
  ]);
});

test('says what a submit would come to: stages, who is asked, what is in the way', async () => {
  const text = `${planFor('looked')}
windows: { timezone: Europe/Berlin, freezes: [{ from: 2000-01-01, to: 2999-01-01 }] }
approvals: { start: { roles: [lead, sre], quorum: all } }
`;
  const { body } = await check({ text });
  expect(body.outlook).toEqual({
    name: 'looked',
    title: 'Test of looked',
    environment: 'production',
    flag: 'looked',
    mode: 'act',
    stages: [
      {
        name: '5%',
        percent: 5,
        segments: [],
        tenantsFrom: null,
        decommission: false,
        takes: 3600,
        roles: [],
        quorum: 'any',
      },
      {
        name: '100%',
        percent: 100,
        segments: [],
        tenantsFrom: null,
        decommission: false,
        takes: 3600,
        roles: [],
        quorum: 'any',
      },
      {
        name: 'decommission',
        percent: 100,
        segments: [],
        tenantsFrom: null,
        decommission: true,
        takes: 3600,
        roles: [],
        quorum: 'any',
      },
    ],
    startRoles: ['lead', 'sre'],
    startQuorum: 'all',
    opensAt: Date.parse('2999-01-01T23:00:00Z'),
    timezone: 'Europe/Berlin',
    active: null,
    latch: null,
    maySubmit: true,
  });
  const id = await submit(planFor('looked'));
  expect((await check({ text })).body.outlook?.active).toBe(id);
  await server.flagStore.kill({ environment: 'production', key: 'looked' }, null, {
    at: new Date().toISOString(),
    by: 'ada',
    reason: 'slow',
  });
  expect((await check({ text })).body.outlook?.latch).toEqual({ by: 'ada', reason: 'slow' });
});

test('it begins when its start and the windows of its first stage let it, and takes what its stages take at least', async () => {
  const text = `${planFor('later').replace(
    'bake: 1h',
    'bake: 2h, promote: { proof: 1pp, early: 1h }, windows: { timezone: Asia/Tokyo, allow: ["09:00-10:00"] }',
  )}
start: { at: 2999-01-01T12:00Z }
windows: { timezone: Europe/Berlin, allow: ["20:00-21:00"] }
`;
  const { body } = await check({ text });
  expect(body.errors).toEqual([]);
  expect(body.outlook).toMatchObject({
    opensAt: Date.parse('2999-01-02T09:00+09:00'),
    timezone: 'Asia/Tokyo',
  });
  expect(body.outlook?.stages[0]?.takes).toBe(3600);
});

test('what has gone by is a risk, and a deadline that is over an error, here and at the submit; of an amendment only what is new', async () => {
  const past = `start: { at: 2001-01-01T12:00Z }
windows: { freezes: [{ from: 2001-12-20, to: 2002-01-02 }] }
`;
  const text = planFor('gone') + past;
  const rules = (body: CheckReply) =>
    body.findings.filter(({ rule }) => rule === 'PLAN-PAST').map(({ path }) => path);
  expect(rules((await check({ text })).body)).toEqual(['start.at', 'windows.freezes']);
  const late = `${text}deadline: { at: 2001-02-01T12:00Z }\n`;
  const { body } = await check({ text: late });
  expect(body).toMatchObject({ ok: false, outlook: null });
  expect(body.findings).toContainEqual(
    expect.objectContaining({ severity: 'error', rule: 'PLAN-DEADLINE', path: 'deadline.at', allow: null }),
  );
  const post = (path: string, sent: object) =>
    server.api(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'ada', roles: [], ...sent }),
    });
  const refused = await post('/rollouts', { text: late });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({
    code: 'PLAN_INVALID',
    details: [
      expect.stringContaining('the deadline is over: the rollout would pause before it does anything'),
    ],
  });
  const id = await submit(text);
  expect(rules((await check({ text, amends: id })).body)).toEqual([]);
  const moved = text.replace('2002-01-02', '2002-01-03');
  expect(rules((await check({ text: moved, amends: id })).body)).toEqual(['windows.freezes']);
});

test('each finding has why, how to mend it and how to allow it; what is allowed has its reason', async () => {
  const text = `${planFor('reasons')}allow: [{ rule: PLAN-NO-LATENCY, reason: nothing waits for it }]\n`;
  const { body } = await check({ text });
  expect(body.findings.find(({ rule }) => rule === 'PLAN-NO-INTERNAL')).toMatchObject({
    severity: 'warning',
    why: RULES['PLAN-NO-INTERNAL']?.why,
    mend: expect.stringContaining('audience'),
    allow: '- { rule: PLAN-NO-INTERNAL, reason: WHY }',
  });
  expect(body.allowed).toMatchObject([{ rule: 'PLAN-NO-LATENCY', reason: 'nothing waits for it' }]);
  expect(body.findings.every(({ why, mend }) => why !== '' && mend !== '')).toBe(true);
  const broken = await check({ text: text.replace('PLAN-NO-LATENCY', 'PLAN-COHORT') });
  expect(broken.body.findings).toContainEqual(
    expect.objectContaining({ severity: 'error', rule: 'PLAN-ALLOW', allow: null }),
  );
});

test('tries the queries for whoever may submit there, and for nobody else', async () => {
  server.findings.push({ metric: 'errors', query: 'up', kind: 'no-baseline', detail: 'no series' });
  const viewer = await tokenFor(server, 'vic', ['viewer', 'submitter@staging']);
  const text = planFor('asked');
  expect((await check({ text })).body.queries).toBeNull();
  expect((await check({ text, queries: true })).body.queries).toMatchObject([{ kind: 'no-baseline' }]);
  const refused = await check({ text, queries: true }, viewer);
  server.findings.length = 0;
  expect(refused).toMatchObject({ status: 403, body: { code: 'PERMISSION_MISSING' } });
  const looked = await check({ text }, viewer);
  expect(looked.body.outlook?.maySubmit).toBe(false);
});

test('says what an amendment changes, and which of it a second person must let pass', async () => {
  const id = await submit(planFor('changed'));
  const text = planFor('changed').replace('bake: 1h }', 'bake: 2h }').replace('hard: +0.5pp', 'hard: +1pp');
  const { body } = await check({ text, amends: id });
  expect(body.errors).toEqual([]);
  expect(body.differences).toEqual([
    { text: 'metrics[errors].hard.absolute: 0.005 → 0.01', loosens: true },
    { text: 'stages[5%].bake: 3600 → 7200', loosens: false },
  ]);
  const viewer = await tokenFor(server, 'vera', ['viewer@staging']);
  expect((await check({ text, amends: id }, viewer)).status).toBe(403);
  expect((await check({ text, amends: 'nothing-1' })).status).toBe(404);
});

test('says where another platform would leave out whom the definition keeps from the canary', async () => {
  const gitops = openPlatforms(
    { gitops: ProviderConfig.parse({ kind: 'file', path: '{environment}.json' }) },
    {},
  );
  const own = await startApiServer({ providers: capabilities(gitops) });
  try {
    const text = planFor('kept').replace('key: kept', 'key: kept, provider: gitops');
    const ask = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const reply = await own.api(path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: reply.status, body: (await reply.json()) as CheckReply & { code: string } };
    };
    const definition = { kind: 'percentage', purpose: 'ops', exclude: ['employees'] };
    const made = { definition, create: true, reason: 'a test' };
    expect((await ask('/flags/kept/definition?environment=production', made)).status).toBe(200);
    const { body } = await ask('/plans/check', { text });
    expect(body).toMatchObject({ ok: false, outlook: null });
    expect(body.findings.filter(({ severity }) => severity === 'error')).toEqual([
      {
        severity: 'error',
        rule: 'PLAN-CLAIM',
        line: expect.any(Number),
        column: expect.any(Number),
        path: 'flag.provider',
        message:
          '"gitops" would serve kept without its exclude: it is told of the exposure alone, so those whom `exclude` keep from the canary would get it',
        instead: expect.stringContaining('`provider: embedded` in the plan'),
        why: RULES['PLAN-CLAIM']?.why,
        mend: expect.stringContaining('tidegate flags edit kept'),
        allow: null,
      },
    ]);
    const line = text.split('\n')[(body.findings.find(({ rule }) => rule === 'PLAN-CLAIM')?.line ?? 0) - 1];
    expect(line).toContain('provider: gitops');
    expect(body.errors).toEqual([expect.stringContaining('flag.provider')]);
    // A submit says the same, and a plan with the embedded provider is none of it.
    expect(await ask('/rollouts', { text })).toMatchObject({ status: 422, body: { code: 'FLAG_INVALID' } });
    expect((await ask('/plans/check', { text: planFor('kept') })).body.ok).toBe(true);
    const watching = text.replace(/^flag:/m, 'mode: observe\nflag:');
    expect((await ask('/plans/check', { text: watching })).body.errors.join()).not.toContain('without its');
  } finally {
    await own.close();
  }
});
