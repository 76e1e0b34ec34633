import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Report } from '../plans/report.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { listen } from './server.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

async function call(method: string, path: string, body?: unknown) {
  const authorization = `Bearer ${server.token}`;
  const json =
    body === undefined
      ? { headers: { authorization } }
      : { body: JSON.stringify(body), headers: { authorization, 'content-type': 'application/json' } };
  const response = await fetch(`${server.url}${path}`, { method, ...json });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  };
}
const post = (path: string, body: unknown) => call('POST', `/api/v1${path}`, body);
const get = (path: string) => call('GET', `/api/v1${path}`);
const ada = { by: 'ada', roles: ['on-call'] };

async function submit(flag: string, environment?: string): Promise<string> {
  const { body } = await post('/rollouts', { ...ada, text: planFor(flag, environment) });
  return body.id;
}

describe('a submission', () => {
  test('starts a rollout that can be seen, listed and decided on', async () => {
    const created = await post('/rollouts', { ...ada, text: planFor('first') });
    expect(created).toMatchObject({ status: 201, body: { id: 'first-1' } });
    expect(created.headers.get('location')).toBe('/api/v1/rollouts/first-1');
    expect((await get('/rollouts/first-1')).body).toMatchObject({
      view: { stage: '5%', submittedBy: 'ada' },
      live: null,
    });
    expect((await get('/rollouts?flag=first&phase=active')).body.rollouts).toHaveLength(1);
    expect((await get('/rollouts/first-1/journal')).body.entries).toMatchObject([
      { seq: 1, transition: 'started' },
    ]);
    const paused = await post('/rollouts/first-1/actions/pause', { ...ada, reason: 'lunch' });
    expect(paused).toMatchObject({ status: 200, body: { summary: 'pause done', view: { seq: 2 } } });
    expect(server.engine.told).toContain('pause first-1 by ada: lunch accept -');
  });

  test('with errors gets all of them and leaves nothing behind', async () => {
    const text = planFor('wrong').replace('percent: 5,', 'percent: 500,').replace('+0.1pp', 'a bit');
    const { status, type, body } = await post('/rollouts', { ...ada, text, file: 'wrong.yaml' });
    expect({ status, type }).toEqual({ status: 422, type: 'application/problem+json' });
    expect(body).toMatchObject({ code: 'PLAN_INVALID', where: 'wrong.yaml', status: 422 });
    expect(body.details.length).toBeGreaterThanOrEqual(2);
    expect(body.details.every((detail: string) => detail.startsWith('wrong.yaml:'))).toBe(true);
    expect((await get('/rollouts?flag=wrong')).body.rollouts).toEqual([]);
  });

  test('of a flag that another rollout has is told so, before it is submitted and when it is', async () => {
    const shared = async (text: string) =>
      (await post('/plans/check', { text })).body.warnings.filter((text: string) =>
        text.endsWith('[PLAN-FLAG-SHARED]'),
      );
    await submit('sharing', 'staging');
    expect(await shared(planFor('sharing'))).toEqual([]);
    expect(await shared(planFor('sharing', 'staging'))).toEqual([
      expect.stringContaining('the rollout sharing-1 has the flag sharing in staging'),
    ]);
    const other = planFor('sharing').replace('name: sharing', 'name: other-change');
    expect(await shared(other)).toEqual([expect.stringContaining('switches another change too')]);
    const { body } = await post('/rollouts', { ...ada, text: other });
    expect(body.warnings).toContainEqual(
      expect.stringMatching(/sharing-1 in staging.*\[PLAN-FLAG-SHARED\]$/),
    );
    const known = `${other}\nallow: [{ rule: PLAN-FLAG-SHARED, reason: one change in two parts }]`;
    expect(await shared(known)).toEqual([]);
  });

  test('that names what tidegate.yaml does not define is refused', async () => {
    const text = `${planFor('nowhere')}\nnotify: [{ channel: pager, events: [paused] }]\nsource: { prometheus: other }`;
    const { body } = await post('/rollouts', { ...ada, text });
    expect(body.code).toBe('PLAN_INVALID');
    expect(body.details.join('\n')).toMatch(/"pager" is not in `channels`[\s\S]*"other" is not in `sources`/);
  });

  test('whose queries find no baseline is refused with every query', async () => {
    const finding = { metric: 'errors', query: 'q', kind: 'no-baseline', detail: 'no series' } as const;
    server.findings.push(finding, { ...finding, metric: 'other' });
    const missing = await post('/rollouts', { ...ada, text: planFor('blind') });
    expect(missing.body).toMatchObject({ code: 'BASELINE_MISSING', status: 422 });
    expect(missing.body.details).toHaveLength(2);
    server.findings.push({ ...finding, kind: 'refused', detail: 'parse error' });
    expect((await post('/rollouts', { ...ada, text: planFor('blind') })).body.code).toBe('PROMETHEUS_QUERY');
    server.findings.length = 0;
    server.findings.push({ ...finding, kind: 'no-canary' });
    server.findings.push({
      ...finding,
      metric: 'p95',
      kind: 'uses',
      detail: 'is read from a native histogram',
    });
    const taken = await post('/rollouts', { ...ada, text: planFor('blind') });
    expect(taken).toMatchObject({
      status: 201,
      body: { notes: expect.arrayContaining(['p95 is read from a native histogram (q)']) },
    });
    server.findings.length = 0;
  });

  test('beside another one of its service is told which metrics cannot tell them apart', async () => {
    await submit('beside');
    const { body } = await post('/rollouts', { ...ada, text: planFor('besides') });
    const note = 'beside-1 (beside) moves shop as well: errors cannot be told apart';
    expect(body.notes).toEqual(expect.arrayContaining([expect.stringContaining(note)]));
    expect(body.notes?.join()).not.toContain('(besides)');
  });

  test('for a flag that has an active rollout is told which one', async () => {
    await submit('taken');
    const { status, body } = await post('/rollouts', { ...ada, text: planFor('taken') });
    expect(status).toBe(409);
    expect(body.code).toBe('ROLLOUT_ACTIVE');
    expect(JSON.stringify(body)).toContain('taken-1');
  });

  test('while Temporal is away is refused and can be handed in again', async () => {
    server.engine.down = true;
    const refused = await post('/rollouts', { ...ada, text: planFor('later') });
    server.engine.down = false;
    expect(refused).toMatchObject({ status: 503, body: { code: 'TEMPORAL_UNREACHABLE' } });
    expect((await get('/rollouts?flag=later')).body.rollouts).toEqual([]);
    expect((await post('/rollouts', { ...ada, text: planFor('later') })).status).toBe(201);
  });
});

describe('a comparison', () => {
  const cohort = (errors: number, requests: number) => ({
    requests,
    ratios: { errors: { events: errors, total: requests } },
    histograms: {},
  });

  test('puts both cohorts side by side, from the samples that are stored', async () => {
    const id = await submit('compared');
    const rows = Array.from({ length: 20 }, (_, i) => {
      const t = (i + 1) * 15;
      const sample = { stage: '5%', t, baseline: cohort(14, 2850), canary: cohort(2, 150) };
      return { rolloutId: id, stage: '5%', t, at: Date.now(), sample, assessment: null };
    });
    await server.rollouts.saveSamples(rows);
    const { status, body } = await get(`/rollouts/${id}/comparison`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      stages: [
        { name: '5%', visits: 1 },
        { name: '100%', visits: 0 },
        { name: 'decommission', visits: 0 },
      ],
      comparison: { stage: '5%', visit: 1, state: 'now', compared: true, from: 0, to: 300 },
    });
    expect(body.comparison.rows).toMatchObject([
      { kind: 'requests', baseline: { value: 57_000 }, canary: { value: 3000 } },
      { kind: 'ratio', metric: 'errors', canary: { value: 2 / 150 }, acceptable: '≤ +0.1 pp, hard +0.5 pp' },
    ]);
    const ahead = await get(`/rollouts/${id}/comparison?stage=${encodeURIComponent('100%')}`);
    expect(ahead.body.comparison).toMatchObject({ state: 'ahead', verdict: null });
    expect(ahead.body.comparison.rows[1]).toMatchObject({ canary: { value: null }, difference: null });
  });

  test('after an amendment still shows a stage by the plan that judged it, and the plans can be read', async () => {
    const id = await submit('amended');
    const sample = (stage: string, t: number) => ({
      rolloutId: id,
      stage,
      t,
      at: Date.now(),
      sample: { stage, t, baseline: cohort(14, 2850), canary: cohort(2, 150) },
      assessment: null,
    });
    await server.rollouts.saveSamples(Array.from({ length: 20 }, (_, i) => sample('5%', (i + 1) * 15)));
    const loose = planFor('amended').replaceAll('+0.1pp', '+3pp').replaceAll('+0.5pp', '+7pp');
    expect(loose).not.toBe(planFor('amended'));
    server.engine.judged = 300;
    expect((await post(`/rollouts/${id}/amend`, { ...ada, text: loose, reason: 'too tight' })).status).toBe(
      200,
    );
    const { body } = await get(`/rollouts/${id}/comparison?stage=${encodeURIComponent('5%')}`);
    expect(body).toMatchObject({ planRevision: 2, comparison: { planRevision: 1 } });
    expect(body.comparison.rows[1].acceptable).toBe('≤ +0.1 pp, hard +0.5 pp');
    await server.rollouts.saveSamples([sample('5%', 315)]);
    const later = await get(`/rollouts/${id}/comparison`);
    expect(later.body.comparison).toMatchObject({ planRevision: 2 });
    expect(later.body.comparison.rows[1].acceptable).toBe('≤ +3 pp, hard +7 pp');

    expect((await get(`/rollouts/${id}/plan`)).body).toMatchObject({
      revision: 2,
      text: loose,
      revisions: [
        { revision: 1, by: 'ada', changes: [] },
        { revision: 2, by: 'ada', reason: 'too tight', changes: expect.any(Array) },
      ],
    });
    expect((await get(`/rollouts/${id}/plan?revision=1`)).body.text).toBe(planFor('amended'));
    expect((await get(`/rollouts/${id}/plan?revision=7`)).body).toMatchObject({
      code: 'REVISION_UNKNOWN',
      details: ['revisions: 1, 2'],
    });
    const report = await (await server.api(`/rollouts/${id}/report?format=markdown`)).text();
    expect(report).toMatch(
      /How the plan was amended[^]*revision 2 by ada\. Reason: too tight\.[^]*0\.001 → 0\.03/,
    );
    const page = await (await server.api(`/rollouts/${id}/report?format=html`)).text();
    expect(page).toContain('How the plan was amended');
  });

  test('of a rollout or a stage that nobody knows is refused, with the stages that there are', async () => {
    const id = await submit('compared-wrong');
    const { status, body } = await get(`/rollouts/${id}/comparison?stage=7%25`);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'USAGE' });
    expect(body.details).toEqual(['stages: 5%, 100%, decommission']);
    expect((await get('/rollouts/none/comparison')).body.code).toBe('ROLLOUT_UNKNOWN');
  });
});

describe('a report', () => {
  test('tells the story of a rollout as JSON, as Markdown and as a page that may load nothing', async () => {
    const id = await submit('told');
    const json = await get(`/rollouts/${id}/report`);
    expect(json).toMatchObject({ status: 200, body: { id, finished: false, gates: [], stop: null } });
    expect(Report.parse(json.body).summary).toMatch(/^Unfinished: Test of told/);
    const markdown = await server.api(`/rollouts/${id}/report?format=markdown`);
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(await markdown.text()).toContain(`# Test of told: rollout ${id}`);
    const html = await server.api(`/rollouts/${id}/report?format=html`);
    expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await html.text()).toMatch(/^<!doctype html>[^]*Test of told/);
    expect((await get(`/rollouts/${id}/report?format=pdf`)).body.code).toBe('USAGE');
    expect((await get('/rollouts/none/report')).body.code).toBe('ROLLOUT_UNKNOWN');
  });
});

describe('a kill', () => {
  test('lowers the flag, tells the workflow, latches, and unlock is the way back', async () => {
    const id = await submit('bad');
    const killed = await post('/flags/bad/kill', { ...ada, reason: 'wrong totals' });
    expect(killed.body).toMatchObject({
      rolloutId: id,
      workflowTold: true,
      offline: false,
      exposure: { percent: 0 },
    });
    expect((await get('/flags/bad')).body.latch).toMatchObject({ by: 'ada', reason: 'wrong totals' });
    const again = await post('/rollouts', { ...ada, text: planFor('bad') });
    expect(again.body).toMatchObject({ code: 'FLAG_LATCHED', status: 409 });
    expect(again.body.detail).toContain('wrong totals');
    expect((await post('/flags/bad/unlock', { ...ada, reason: 'mended' })).body.latch).toBeNull();
    expect((await post('/flags/bad/unlock', { ...ada, reason: 'mended' })).body.code).toBe(
      'FLAG_NOT_LATCHED',
    );
    expect((await post('/flags/bad/unlock', ada)).body).toMatchObject({ code: 'USAGE', status: 400 });
  });

  test.each(['down', 'hanging'] as const)('works while Temporal is %s, and says so', async (how) => {
    const id = await submit(`stuck-${how}`);
    server.engine[how] = true;
    const { status, body } = await post(`/flags/stuck-${how}/kill`, ada);
    server.engine[how] = false;
    expect(status).toBe(200);
    expect(body).toMatchObject({ rolloutId: id, workflowTold: false, exposure: { percent: 0 } });
  });

  test('works while PostgreSQL is away, and the flag is served lowered at once', async () => {
    await submit('offline');
    await server.wire.cut();
    try {
      const began = Date.now();
      const { status, body } = await post('/flags/offline/kill', ada);
      expect(status).toBe(200);
      expect(body).toMatchObject({ offline: true, rolloutId: 'offline-1', exposure: { percent: 0 } });
      expect(Date.now() - began).toBeLessThan(5000);
      const flags = (await get('/flags')).body.flags;
      expect(flags.find((flag: { key: string }) => flag.key === 'offline')).toMatchObject({
        offline: true,
        exposure: { percent: 0 },
      });
      expect(await get('/rollouts')).toMatchObject({ status: 503, body: { code: 'POSTGRES_UNREACHABLE' } });
      expect(await call('GET', '/healthz')).toMatchObject({ status: 200 });
      expect(await call('GET', '/readyz')).toMatchObject({
        status: 503,
        body: { parts: { postgres: 'POSTGRES_UNREACHABLE' } },
      });
    } finally {
      await server.wire.mend();
    }
    await expect
      .poll(() => get('/flags/offline'), { timeout: 20_000 })
      .toMatchObject({ body: { offline: false, latch: { by: 'ada' } } });
  });

  test('refuses once the old path is decommissioned', async () => {
    const id = await submit('gone');
    const { view } = (await get(`/rollouts/${id}`)).body;
    await server.engine.step({ ...view, phase: 'completed', stage: 'decommission', endedAt: Date.now() });
    expect((await post('/flags/gone/kill', ada)).body).toMatchObject({
      code: 'POINT_OF_NO_RETURN',
      status: 409,
    });
  });

  test('of a flag in two environments asks which one', async () => {
    await submit('twice', 'staging');
    await submit('twice');
    expect((await post('/flags/twice/kill', ada)).body).toMatchObject({
      code: 'USAGE',
      details: ['production', 'staging'],
    });
    expect((await post('/flags/twice/kill?environment=staging', ada)).body).toMatchObject({
      environment: 'staging',
    });
    expect((await get('/flags/twice?environment=production')).body.latch).toBeNull();
    expect((await post('/flags/nobody/kill', ada)).body).toMatchObject({ code: 'FLAG_UNKNOWN', status: 404 });
  });
});

/** A plan for a flag that somebody else serves and tells of. */
function watchingPlan(flag: string, provider = 'told'): string {
  return planFor(flag)
    .replace(`flag: { key: ${flag} }`, `mode: observe\nflag: { key: ${flag}, provider: ${provider} }`)
    .replace(/.*decommission.*\n/, '');
}

describe('a plan that only watches', () => {
  test('is told what others serve, by whom, when and by which number', async () => {
    const { status, body } = await post('/rollouts', { ...ada, text: watchingPlan('ramped') });
    expect(status).toBe(201);
    const exposure = `/rollouts/${body.id}/exposure`;
    const moved = {
      percent: 25,
      segments: ['beta'],
      sequence: 3,
      mover: 'lee',
      at: '2026-03-01T08:00:00+01:00',
    };
    expect(await post(exposure, { ...ada, ...moved })).toMatchObject({
      status: 200,
      body: { id: 'ramped-1', view: { exposure: { percent: 25 }, watching: { told: { sequence: 3 } } } },
    });
    expect(server.engine.told).toContain(
      `ada tells ramped-1 3: 25 % beta by lee at ${Date.parse('2026-03-01T07:00:00Z')}`,
    );
    for (const wrong of [{ percent: 101 }, { sequence: -1 }, { at: 'yesterday' }, { percent: undefined }])
      expect((await post(exposure, { ...ada, ...moved, ...wrong })).status).toBe(400);
  });

  test('needs neither an owner nor a definition of the flag, and a killed flag may be watched', async () => {
    await submit('seen');
    await post('/flags/seen/kill', { ...ada, reason: 'first' });
    const { status, body } = await post('/rollouts', { ...ada, text: watchingPlan('seen', 'embedded') });
    expect(status).toBe(201);
    const before = (await get('/flags/seen')).body;
    // A flag of Tidegate can be killed whoever watches it.
    expect((await post('/flags/seen/kill', { ...ada, reason: 'again' })).status).toBe(200);
    expect((await get('/flags/seen')).body).toMatchObject({ rolloutId: before.rolloutId });
    expect(body.id).toBe('seen-2');
  });

  test('has no kill where Tidegate only reads the flag, which says where to switch it off', async () => {
    await post('/rollouts', { ...ada, text: watchingPlan('theirs') });
    const { status, body } = await post('/flags/theirs/kill', { ...ada, reason: 'wrong' });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'FLAG_WATCHED', where: 'theirs-1' });
    expect(body.details.join()).toContain('switch it off where it is moved');
    expect(body.detail).toContain('nothing was stopped');
  });

  test('cannot act on what is told', async () => {
    const text = watchingPlan('acts').replace('mode: observe\n', '');
    expect((await post('/rollouts', { ...ada, text })).body).toMatchObject({ code: 'PLAN_INVALID' });
  });
});

describe('every refusal is a problem from the table', () => {
  test.each([
    ['GET', '/api/v1/rollouts/none', 404, 'ROLLOUT_UNKNOWN'],
    ['GET', '/api/v1/rollouts/none/journal', 404, 'ROLLOUT_UNKNOWN'],
    ['GET', '/api/v1/rollouts/none/events', 404, 'ROLLOUT_UNKNOWN'],
    ['GET', '/api/v1/rollouts?limit=lots', 400, 'USAGE'],
    ['GET', '/api/v1/nothing', 404, 'ROUTE_UNKNOWN'],
    ['GET', '/nothing', 404, 'ROUTE_UNKNOWN'],
    ['DELETE', '/api/v1/rollouts/none', 405, 'METHOD_UNKNOWN'],
    ['PUT', '/api/v1/rollouts', 405, 'METHOD_UNKNOWN'],
    ['GET', '/ofrep/v1/evaluate/flags', 405, 'METHOD_UNKNOWN'],
  ])('%s %s gives %d %s', async (method, path, status, code) => {
    const reply = await call(method, path);
    expect(reply).toMatchObject({ status, type: 'application/problem+json', body: { status, code } });
    expect(JSON.stringify(reply.body)).not.toContain('.ts:');
  });

  test('a wrong method names the right ones', async () => {
    expect((await call('DELETE', '/api/v1/rollouts')).headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('a body that does not fit says which part of it', async () => {
    const { body } = await post('/rollouts/first-1/actions/pause', { roles: 'on-call', reason: 7 });
    expect(body.code).toBe('USAGE');
    expect(body.details.join('\n')).toMatch(/roles: [\s\S]*reason: /);
    const headers = { 'content-type': 'application/json' };
    const broken = await server.api('/alerts', { method: 'POST', headers, body: '{' });
    expect({ status: broken.status, body: await broken.json() }).toMatchObject({
      status: 400,
      body: { code: 'USAGE' },
    });
  });

  test('an unknown action names those there are', async () => {
    const { body } = await post('/rollouts/first-1/actions/promote', ada);
    expect(body).toMatchObject({ code: 'USAGE' });
    expect(body.details.join()).toContain('step-back');
  });
});

test('an alert reaches the rollouts that it is about', async () => {
  const id = await submit('alerted');
  const alert = { name: 'HighErrors', scope: 'canary', flag: 'alerted' };
  expect(await post('/alerts', alert)).toMatchObject({ status: 202, body: { rollouts: [id] } });
  expect(server.engine.told).toEqual(
    expect.arrayContaining([expect.stringContaining(`alert HighErrors firing to ${id} about the`)]),
  );
  expect(await post('/alerts', { ...alert, flag: 'unheard-of' })).toMatchObject({
    status: 202,
    body: { rollouts: [] },
  });
  expect((await post('/alerts', { name: 'x', scope: 'service' })).body.code).toBe('USAGE');
});

test('a web page with a name of its own for this machine is turned away', async () => {
  const reply = await server.app.inject({
    method: 'GET',
    url: '/api/v1/flags',
    headers: { host: 'evil.example:7070' },
  });
  expect(reply.statusCode).toBe(400);
  expect(reply.json()).toMatchObject({ code: 'USAGE' });
});

test('flags are evaluated over OFREP', async () => {
  await submit('evaluated');
  const context = { context: { targetingKey: 'u1' } };
  await expect
    .poll(() => call('POST', '/ofrep/v1/evaluate/flags/evaluated', context))
    .toMatchObject({ status: 200, body: { key: 'evaluated', value: expect.any(Boolean) } });
  expect(await call('POST', '/ofrep/v1/evaluate/flags/none', context)).toMatchObject({
    status: 404,
    body: { errorCode: 'FLAG_NOT_FOUND' },
  });
  const url = `${server.url}/ofrep/v1/evaluate/flags`;
  // Flags of other tests may still arrive in between; then the answer is rightly a new one.
  await expect
    .poll(async () => {
      const all = await call('POST', '/ofrep/v1/evaluate/flags', context);
      expect(all.body.flags.length).toBeGreaterThan(0);
      const headers = {
        'content-type': 'application/json',
        'if-none-match': all.headers.get('etag') ?? '',
      };
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(context) })).status;
    })
    .toBe(304);
  const broken = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  });
  expect(await broken.json()).toMatchObject({ errorCode: 'PARSE_ERROR' });
});

test('the API describes itself, every address of it', async () => {
  const { status, body } = await get('/openapi.json');
  expect(status).toBe(200);
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      '/api/v1/rollouts',
      '/api/v1/rollouts/{id}/actions/{action}',
      '/api/v1/flags/{key}/kill',
    ]),
  );
});

test.each(['0.0.0.0', '::', '192.168.1.4', 'example.com'])(
  'without a login it does not listen on %s',
  async (host) => {
    await expect(listen(server.app, { host, port: 0, hasLogin: false })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      where: 'server.host',
    });
  },
);
