import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from '../../app/stack.ts';
import type { StatusReply } from '../../server/api.ts';
import { run } from '../fixtures/stack.ts';
import { startUnleash, type Unleash } from '../fixtures/unleash.ts';

let unleash: Unleash;
let traffic: Server;
let stack: Stack;
let data: string;

const FEATURES = '/projects/default/features';

/** Requests of both cohorts, 50 a second each and all fine: what the applications behind Unleash would report. */
function startTraffic(): Promise<Server> {
  const began = Date.now();
  const server = createServer((_request, response) => {
    const count = Math.round((Date.now() - began) / 20) + 100;
    const lines = ['off', 'on'].map((variant) => `requests_total{variant="${variant}",code="200"} ${count}`);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(`# TYPE requests_total counter\n${lines.join('\n')}\n`);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

beforeAll(async () => {
  [unleash, traffic, data] = await Promise.all([
    startUnleash(),
    startTraffic(),
    mkdtemp(join(tmpdir(), 'tidegate-e2e-')),
  ]);
  const { port } = traffic.address() as AddressInfo;
  const base = 21_900;
  stack = await startStack({
    data,
    say: () => undefined,
    scrape: () => ({
      configs: [{ job_name: 'shop', static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
      interval: '1s',
    }),
    settings: {
      providers: {
        unleash: {
          kind: 'unleash',
          url: unleash.url,
          token: unleash.token,
          environments: { demo: 'production' },
        },
      },
    },
    wanted: {
      server: base,
      sync: base + 1,
      workerSync: base + 2,
      temporal: base + 3,
      prometheus: base + 4,
      postgres: base + 5,
      serverTelemetry: base + 6,
      workerTelemetry: base + 7,
    },
  });
}, 180_000);

afterAll(async () => {
  await stack?.stop();
  await unleash?.close();
  traffic?.close();
  await rm(data, { recursive: true, force: true });
});

const plan = (flag: string, stages: string[]) => `
metadata: { name: ${flag}, owner: test }
environment: demo
flag: { key: ${flag}, provider: unleash }
source: { poll: 1s }
metrics: [{ name: errors, kind: ratio, bad: 'requests_total{code=~"5.."}', total: 'requests_total', soft: +5pp, hard: +10pp }]
stages:
${stages.map((stage) => `  - ${stage}`).join('\n')}
`;

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await stack.api(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function submit(text: string): Promise<string> {
  let id = '';
  await expect
    .poll(
      async () => {
        const answer = await post('/rollouts', { by: 'sam', roles: [], text, file: 'plan.yaml' });
        id = String(answer.body.id ?? '');
        return answer.status < 300 ? 'submitted' : JSON.stringify(answer.body);
      },
      { timeout: 30_000, interval: 300 },
    )
    .toBe('submitted');
  return id;
}

async function view(id: string): Promise<StatusReply['view']> {
  const response = await stack.api(`/rollouts/${id}`);
  return ((await response.json()) as StatusReply).view;
}

/** `completed`, or what a rollout waits for: a test that waits in vain says it. */
async function standing(id: string): Promise<string> {
  const response = await stack.api(`/rollouts/${id}`);
  const { view, live } = (await response.json()) as StatusReply;
  const { holding, polls, reason, verdict } = live?.assessment ?? {};
  const { phase, stage, pause, blockers, next } = view ?? {};
  if (phase === 'completed') return phase;
  return JSON.stringify({ phase, stage, pause, blockers, next, gate: { verdict, reason, holding, polls } });
}

/** Percentage in Unleash itself. */
async function served(flag: string): Promise<number> {
  const path = `${FEATURES}/${flag}/environments/production`;
  const { enabled, strategies } = (await unleash.api('GET', path)) as {
    enabled: boolean;
    strategies: { parameters: { rollout?: string } }[];
  };
  return enabled ? Number(strategies[0]?.parameters.rollout ?? -1) : 0;
}

/** What a person does in Unleash's own interface. */
async function move(flag: string, percent: number): Promise<void> {
  const path = `${FEATURES}/${flag}/environments/production`;
  const { strategies } = (await unleash.api('GET', path)) as { strategies: { id: string }[] };
  await unleash.api('PATCH', `${path}/strategies/${strategies[0]?.id ?? ''}`, [
    { op: 'replace', path: '/parameters/rollout', value: String(percent) },
  ]);
}

it('takes a flag on Unleash to 100 % by itself', async () => {
  const stages = [
    '{ name: 5%, percent: 5, bake: 2s, minRequests: 50 }',
    '{ name: 100%, percent: 100, bake: 2s, minRequests: 50 }',
  ];
  const id = await submit(plan('first', stages));
  await expect.poll(() => served('first'), { timeout: 30_000, interval: 50 }).toBe(5);
  await expect.poll(() => standing(id), { timeout: 60_000 }).toBe('completed');
  expect(await served('first')).toBe(100);
}, 120_000);

it('pauses when somebody moves the flag in Unleash, says who, and goes back to the plan when a person resumes; a kill ends it', async () => {
  const id = await submit(
    plan('second', ['{ name: 5%, percent: 5, bake: 1h }', '{ name: 100%, percent: 100 }']),
  );
  await expect.poll(async () => (await view(id))?.stage, { timeout: 30_000 }).toBe('5%');
  await move('second', 50);
  await expect
    .poll(async () => (await view(id))?.pause?.reason ?? '', { timeout: 30_000 })
    .toMatch(/admin moved the flag.* 50 %/);
  expect(await served('second')).toBe(50);
  const server = ['--server', stack.urls.server, '--config', stack.configFile];
  expect((await run(['resume', id, '--as', 'kim', '--reason', 'back to the plan', ...server])).stderr).toBe(
    '',
  );
  await expect.poll(() => served('second'), { timeout: 30_000 }).toBe(5);

  const killed = await run(['kill', 'second', '--environment', 'demo', '--reason', 'a test', ...server]);
  expect(killed).toMatchObject({ status: 0, stderr: '' });
  expect(await served('second')).toBe(0);
  await expect.poll(async () => (await view(id))?.phase, { timeout: 30_000 }).toBe('rolled-back');
}, 120_000);

it('goes on from where somebody moved the flag in Unleash when a person accepts that, and never above its stage', async () => {
  const stages = [
    '{ name: 5%, percent: 5, bake: 2s, minRequests: 50 }',
    '{ name: 25%, percent: 25, bake: 1h }',
    '{ name: 100%, percent: 100 }',
  ];
  const id = await submit(plan('accepted', stages));
  await expect.poll(async () => (await view(id))?.stage, { timeout: 60_000 }).toBe('25%');
  const server = ['--server', stack.urls.server, '--config', stack.configFile];
  const accept = () => run(['accept-drift', id, '--as', 'kim', '--reason', 'known', ...server]);
  const drifted = (percent: number) =>
    expect
      .poll(async () => (await view(id))?.pause?.reason ?? '', { timeout: 30_000 })
      .toMatch(new RegExp(`admin moved the flag.* ${percent} %`));

  await move('accepted', 60);
  await drifted(60);
  expect((await view(id))?.next).toContain('`tidegate accept-drift` is refused');
  const refused = await accept();
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('more than the 25 % of stage 25%');
  expect(refused.stderr).toContain('FLAG_DRIFT');
  expect(await served('accepted')).toBe(60);

  await move('accepted', 10);
  await expect.poll(async () => (await view(id))?.exposure.percent, { timeout: 30_000 }).toBe(10);
  expect((await view(id))?.next).toContain('`tidegate accept-drift` goes on from stage 5%');
  const accepted = await accept();
  expect(accepted).toMatchObject({ status: 0, stderr: '' });
  expect(accepted.stdout).toContain('kim accepts what the flag serves, 10 %');
  await expect.poll(() => served('accepted'), { timeout: 30_000 }).toBe(5);
  // By its own gate again, and one stage at a time.
  await expect.poll(() => served('accepted'), { timeout: 60_000 }).toBe(25);
  const journal = async () => {
    const { entries } = (await (await stack.api(`/rollouts/${id}/journal`)).json()) as {
      entries: { transition: string }[];
    };
    return entries.map(({ transition }) => transition).slice(-6);
  };
  await expect
    .poll(journal, { timeout: 30_000 })
    .toEqual(['drift', 'drift', 'drift-accepted', 'stepped-back', 'gate-passed', 'advanced']);
  expect(await run(['rollback', id, '--as', 'kim', ...server])).toMatchObject({ status: 0 });
  await expect.poll(() => served('accepted'), { timeout: 30_000 }).toBe(0);
}, 180_000);

/** What the journal says of kills: who, and why. */
async function kills(id: string): Promise<string[]> {
  const response = await stack.api(`/rollouts/${id}/journal`);
  const { entries } = (await response.json()) as { entries: { transition: string; summary: string }[] };
  return entries.flatMap(({ transition, summary }) => (transition === 'killed' ? [summary] : []));
}

it.each([
  ['past the server', 'third', ['server', 'temporal', 'postgres'], ['--direct']],
  ['past the server', 'fifth', ['postgres'], ['--direct']],
  ['by the server', 'sixth', ['postgres'], []],
] as const)(
  'kills a flag on Unleash %s (%s) while these are down: %j',
  async (_way, flag, parts, options) => {
    const id = await submit(
      plan(flag, ['{ name: 5%, percent: 5, bake: 1h }', '{ name: 100%, percent: 100 }']),
    );
    await expect.poll(async () => (await view(id))?.stage, { timeout: 30_000 }).toBe('5%');
    await expect.poll(() => served(flag), { timeout: 30_000 }).toBe(5);
    for (const part of parts) await stack.parts[part].stop();
    const at = ['--environment', 'demo', '--config', stack.configFile, '--server', stack.urls.server];
    const killed = await run(['kill', flag, ...at, ...options, '--reason', `totals of ${flag}`]);
    expect(killed).toMatchObject({ status: 0, stderr: '' });
    expect(await served(flag)).toBe(0);
    for (const part of parts.toReversed()) await stack.parts[part].start();
    await expect
      .poll(async () => (await view(id).catch(() => null))?.phase, { timeout: 60_000 })
      .toBe('rolled-back');
    expect(await served(flag)).toBe(0);
    await expect
      .poll(() => kills(id), { timeout: 20_000 })
      .toEqual([expect.stringMatching(new RegExp(`^Killed by \\S+: totals of ${flag}\\.$`))]);
  },
  180_000,
);

it('refuses before the start what Unleash cannot do, with the place in the plan', async () => {
  const text = plan('fourth', ['{ name: half, percent: 0.5, bake: 1h }', '{ name: 100%, percent: 100 }']);
  const answer = await post('/rollouts', { by: 'sam', roles: [], text, file: 'plan.yaml' });
  expect(answer).toMatchObject({ status: 422, body: { code: 'PLAN_INVALID' } });
  expect(JSON.stringify(answer.body)).toContain('stages[0].percent');
  const odd = plan('fourth', ['{ name: 100%, percent: 100 }']).replace(
    'provider: unleash',
    'provider: unleash, stickiness: tenant',
  );
  const lacking = await post('/rollouts', { by: 'sam', roles: [], text: odd, file: 'plan.yaml' });
  expect(lacking).toMatchObject({ status: 422, body: { code: 'FLAG_UNSUPPORTED' } });
});
