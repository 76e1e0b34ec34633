import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assess, enterStage, observe, openEvidence } from '../../analysis/gate.ts';
import { learn } from '../../analysis/history.ts';
import { createPrometheusSource } from '../../metrics/prometheus.ts';
import type { Assessment } from '../../plans/assessment.ts';
import { parsePlan } from '../../plans/parse.ts';
import { HistoryReply } from '../../server/api/flags.ts';
import type { Flag } from '../fixtures/lane.ts';
import { failing, planText, startTestStack, type TestStack } from '../fixtures/stack.ts';
import { exposureAsLease } from './scenes/lease.ts';

let tg: TestStack;
beforeAll(async () => {
  tg = await startTestStack(1);
}, 120_000);
afterAll(() => tg?.stop());

const HALF = (flag: Flag) =>
  planText({ flag, stages: ['{ name: 50%, percent: 50, bake: 10m }', '{ name: 100%, percent: 100 }'] });

async function halfway(flag: Flag, plan = HALF(flag)): Promise<string> {
  const id = await tg.submit(plan);
  await tg.until(id, ({ stage }) => stage === '50%');
  await tg.untilExposed(flag, (share) => share > 0.3);
  await expect.poll(async () => (await tg.samples(id)).length, { timeout: 20_000 }).toBeGreaterThan(2);
  return id;
}

/** The kill, with who and why, in the flag's history and once in the rollout's journal. */
async function untilTold(id: string, flag: string, reason: string): Promise<void> {
  const kills = async () =>
    (await tg.journal(id)).flatMap(({ transition, summary }) => (transition === 'killed' ? [summary] : []));
  await expect.poll(kills, { timeout: 20_000 }).toHaveLength(1);
  const [, by = ''] = /^Killed by (\S+): (.*)\.$/.exec((await kills())[0] ?? '') ?? [];
  expect(await kills()).toEqual([`Killed by ${by}: ${reason}.`]);
  const { stdout } = await tg.tidegate('flags', 'history', flag, '--environment', 'demo', '--json');
  const { revisions } = JSON.parse(stdout) as { revisions: { author: string; reason: string }[] };
  expect(revisions).toContainEqual(expect.objectContaining({ author: by, reason, rolloutId: null }));
}

async function unlock(flag: string): Promise<void> {
  const { status, stderr } = await tg.tidegate(
    'unlock',
    flag,
    '--environment',
    'demo',
    '--reason',
    'next test',
  );
  expect([status, stderr]).toEqual([0, '']);
}

describe('while the parts around it break', () => {
  it('kills with Temporal stopped: the flag at once, the rollout when Temporal is back', async () => {
    const id = await halfway('pricing-v2');
    await tg.stack.parts.temporal.stop();
    const kill = await tg.tidegate('kill', 'pricing-v2', '--environment', 'demo', '--reason', 'test');
    expect([kill.status, kill.stderr]).toEqual([0, '']);
    await tg.untilExposed('pricing-v2', (share) => share === 0, 3_000);
    await tg.stack.parts.temporal.start();
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    await untilTold(id, 'pricing-v2', 'test');
    const again = await tg.tidegate('approve', id, '--as', 'kim', '--role', 'on-call');
    expect(again.status).toBe(1);
    await unlock('pricing-v2');
  }, 120_000);

  it('kills directly with the server stopped: the worker’s flag stream carries it', async () => {
    const id = await halfway('pricing-v2');
    await tg.stack.parts.server.stop();
    const unreachable = await tg.tidegate('list');
    expect([unreachable.status, unreachable.stderr]).toEqual([
      3,
      expect.stringContaining('SERVER_UNREACHABLE'),
    ]);
    const kill = await tg.tidegate(
      'kill',
      'pricing-v2',
      '--direct',
      '--environment',
      'demo',
      '--reason',
      'past the server',
    );
    expect([kill.status, kill.stderr]).toEqual([0, '']);
    await tg.untilExposed('pricing-v2', (share) => share === 0, 5_000);
    await tg.stack.parts.server.start();
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    await untilTold(id, 'pricing-v2', 'past the server');
    await unlock('pricing-v2');
  }, 120_000);

  it('kills with PostgreSQL stopped, both ways, and PostgreSQL hears of it when it is back', async () => {
    const [first, second] = await Promise.all([halfway('pricing-v2'), halfway('checkout-v2')]);
    await tg.stack.parts.postgres.stop();
    const submit = await tg.tidegate('submit', 'plans/examples/demo-good.yaml');
    expect([submit.status, submit.stderr]).toEqual([3, expect.stringContaining('POSTGRES_UNREACHABLE')]);
    const kill = await tg.tidegate('kill', 'pricing-v2', '--environment', 'demo', '--reason', 'test');
    expect([kill.status, kill.stderr]).toEqual([0, '']);
    await tg.untilExposed('pricing-v2', (share) => share === 0, 5_000);
    expect(await tg.exposed('checkout-v2')).toBeGreaterThan(0.3);
    const direct = await tg.tidegate(
      'kill',
      'checkout-v2',
      '--direct',
      '--environment',
      'demo',
      '--reason',
      'past PostgreSQL',
    );
    expect([direct.status, direct.stderr]).toEqual([0, '']);
    await tg.untilExposed('checkout-v2', (share) => share === 0, 5_000);
    await tg.stack.parts.postgres.start();
    await tg.until(first, ({ phase }) => phase === 'rolled-back');
    await tg.until(second, ({ phase }) => phase === 'rolled-back');
    await untilTold(first, 'pricing-v2', 'test');
    await untilTold(second, 'checkout-v2', 'past PostgreSQL');
    expect(await tg.exposed('pricing-v2')).toBe(0);
    await unlock('pricing-v2');
    await unlock('checkout-v2');
  }, 150_000);

  it('rolls back at a hard stop, takes off who got worse alone, and watches the rest on, although Temporal is stopped', async () => {
    const [whole, alone] = ['pricing-v2', 'checkout-v2'] as const;
    const more = [
      'coverage: [{ slice: tenant=tenant-1, minRequests: 5, metrics: [errors], then: exclude }]',
      'policy: { exclusions: { most: 3, traffic: 40% } }',
    ];
    const stages = ['{ name: 50%, percent: 50, bake: 20m }', '{ name: 100%, percent: 100 }'];
    const plan = planText({ flag: alone, stages, more: more.join('\n') })
      .replaceAll('shop_requests_total', 'shop_tenant_requests_total')
      .replaceAll('code=~"5.."', 'outcome="error"');
    const [id, other] = await Promise.all([halfway(whole), halfway(alone, plan)]);
    await tg.stack.parts.temporal.stop();
    const goesBack = async () => {
      await tg.shop.fault(failing(whole, 0.4));
      await tg.untilExposed(whole, (share) => share === 0, 30_000);
      await tg.shop.heal(whole);
    };
    const goesOnWithTheRest = async () => {
      // The worker gives a gate up once its heartbeats have not got through for 15 s.
      const before = (await tg.samples(other)).at(-1)?.t ?? 0;
      await expect
        .poll(async () => (await tg.samples(other)).at(-1)?.t ?? 0, { timeout: 60_000, interval: 500 })
        .toBeGreaterThan(before + 20);
      await tg.shop.fault({ flag: alone, endpoint: null, tenant: 'tenant-1', errorRate: 1, latencyMs: 0 });
      await expect
        .poll(async () => (await revisions(alone))[0], { timeout: 120_000, interval: 500 })
        .toMatchObject({
          author: 'tidegate (gate)',
          exposure: { percent: 50, without: ['tenant=tenant-1'] },
        });
      // The rest gets worse as well, and Temporal is still away.
      await tg.shop.fault(failing(alone, 0.6));
      await tg.untilExposed(alone, (share) => share === 0, 60_000);
      await tg.shop.heal(alone);
    };
    await Promise.all([goesBack(), goesOnWithTheRest()]);
    await tg.stack.parts.temporal.start();
    for (const one of [id, other]) {
      const view = await tg.until(one, ({ phase }) => phase === 'rolled-back', 120_000);
      expect(view.stop?.transition).toBe('hard-stop');
    }
    for (const flag of [whole, alone]) expect(await tg.exposed(flag)).toBe(0);
  }, 400_000);

  it('goes on from the same evidence after its worker is killed, with no step lost or made twice', async () => {
    const id = await halfway('pricing-v2');
    const pid = tg.stack.parts.worker.pid();
    process.kill(pid ?? 0, 'SIGKILL');
    await tg.stack.parts.worker.stop();
    await tg.stack.parts.worker.start();
    const before = (await tg.samples(id)).at(-1)?.t ?? 0;
    await expect
      .poll(async () => (await tg.samples(id)).at(-1)?.t ?? 0, { timeout: 40_000 })
      .toBeGreaterThan(before + 3);
    const times = (await tg.samples(id)).map(({ t }) => t);
    // No window is missing and none is twice.
    for (const [index, t] of times.entries())
      if (index > 0) expect(t - (times[index - 1] ?? 0)).toBeCloseTo(1, 6);
    const rows = await tg.samples(id);
    const read = await readAgain(HALF('pricing-v2'), rows);
    expect(rows.length).toBeGreaterThan(5);
    // As one gate that was never interrupted and reads every window now: the evidence of each poll.
    for (const [index, { assessment }] of rows.entries()) {
      const { lnE } = assessment as Assessment;
      expect(Math.abs((read[index] ?? Number.NaN) - lnE)).toBeLessThanOrEqual(
        1e-9 * Math.max(1, Math.abs(lnE)),
      );
    }
    const entries = await tg.journal(id);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    await tg.tidegate('rollback', id);
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
  }, 120_000);

  it('holds while Prometheus is stopped, pauses by the plan’s rule, and goes on when it is back', async () => {
    const plan = planText({
      flag: 'checkout-v2',
      stages: [
        '{ name: 50%, percent: 50, bake: 10s, minRequests: 50 }',
        '{ name: 100%, percent: 100, bake: 2s, minRequests: 10 }',
      ],
      more: 'policy: { noData: { after: 5s, then: pause } }',
    });
    const id = await tg.submit(plan);
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.stack.parts.prometheus.stop();
    await tg.until(id, ({ pause }) => pause !== null, 60_000);
    expect((await tg.status(id)).view.exposure.percent).toBe(50);
    await tg.stack.parts.prometheus.start();
    await tg.until(id, ({ phase }) => phase === 'completed', 90_000);
    expect((await tg.journal(id)).map(({ transition }) => transition)).toEqual(
      expect.arrayContaining(['no-data', 'resumed', 'completed']),
    );
  }, 180_000);

  exposureAsLease('pricing-v2', () => tg);
});

/** ln E after each window, read from Prometheus in one go and judged without Tidegate's own memory. */
async function readAgain(text: string, rows: { t: number; at: number }[]): Promise<number[]> {
  const parsed = parsePlan(text, 'test.yaml');
  if (parsed.kind !== 'ok') throw new Error('the plan has errors');
  const plan = parsed.plan;
  const source = createPrometheusSource({ url: tg.stack.urls.prometheus, settle: 1, timeout: 10 });
  const first = rows[0];
  if (first === undefined) return [];
  const origin = first.at / 1000 - first.t;
  const { samples: before } = await source.history({
    plan,
    until: Math.floor(origin),
    windows: 5_760,
    origin,
  });
  const learnt = learn(
    plan,
    before.filter(({ t }) => t < 0),
  );
  const context = { stageIndex: 0, ...learnt };
  let evidence = enterStage(openEvidence(plan), plan, 0);
  const found: number[] = [];
  for (const { at } of rows) {
    const to = at / 1000;
    const reading = await source.read({ plan, stage: '50%', from: to - plan.source.poll, to, origin });
    evidence = observe(evidence, plan, reading, context);
    found.push(assess(evidence, plan, context).lnE);
  }
  source.close();
  return found;
}

async function revisions(flag: string) {
  const response = await tg.stack.api(`/flags/${flag}/revisions?environment=demo`);
  return HistoryReply.parse(await response.json()).revisions;
}
