import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutView } from '../../plans/view.ts';
import { failing, planText, startTestStack, type TestStack } from '../fixtures/stack.ts';

let tg: TestStack;
beforeAll(async () => {
  tg = await startTestStack(0);
}, 120_000);
afterAll(() => tg?.stop());

const QUICK = [
  '{ name: internal, audience: { segments: [employees] }, bake: 1s }',
  '{ name: 25%, percent: 25, bake: 3s, minRequests: 50 }',
  '{ name: 100%, percent: 100, bake: 2s, minRequests: 50 }',
];

describe('a rollout on real parts', () => {
  it('goes to 100 % by itself, and its journal tells each step once, with evidence and revisions', async () => {
    const id = await tg.submit(
      planText({
        flag: 'checkout-v2',
        stages: [
          ...QUICK,
          `{ name: decommission, decommission: { cleanFor: 2s, references: required, steps: [{ name: code, kind: code, due: 30d }, { name: old host, kind: infrastructure, due: 2026-01-01 }], unused: 'sum(increase(legacy_calls_total{flag="checkout-v2"}[2s]))' } }`,
        ],
      }),
    );
    await tg.until(id, ({ stage }) => stage === 'decommission', 90_000);
    const asks = ({ blockers }: RolloutView) => blockers.some(({ kind }) => kind === 'point-of-no-return');
    await tg.until(id, asks, 90_000);
    const own = await tg.tidegate('confirm', id, '--as', 'sam', '--confirm', 'checkout-v2');
    expect([own.status, own.stderr]).toEqual([1, expect.stringContaining('OWN_ROLLOUT')]);
    const unnamed = await tg.tidegate('confirm', id, '--as', 'kim');
    expect([unnamed.status, unnamed.stderr]).toEqual([2, expect.stringContaining('is refused from then on')]);
    const said = await tg.tidegate('confirm', id, '--as', 'kim', '--confirm', 'checkout-v2');
    expect([said.status, said.stderr]).toEqual([0, '']);
    await tg.until(id, ({ phase }) => phase === 'completed', 90_000);
    const late = await tg.tidegate('kill', 'checkout-v2', '--environment', 'demo', '--reason', 'too late');
    expect(late.stderr).toContain('POINT_OF_NO_RETURN');
    // The code has it still: its step waits until nobody names it, and says where.
    const finish = () => tg.tidegate('steps', 'done', id, 'code', '--as', 'kim', '--reason', 'merged');
    expect((await finish()).stderr).toContain('nobody has reported since the rollout began');
    const source = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
    await writeFile(join(source, 'checkout.ts'), "if (on('checkout-v2')) pay();\n");
    const report = () =>
      tg.tidegate('flags', 'references', 'checkout-v2', source, '--report', '--repository', 'shop');
    expect(await report()).toMatchObject({ status: 0, stdout: expect.stringContaining('checkout.ts:1') });
    expect((await finish()).stderr).toContain('the code still names the flag: 1 in shop');
    await writeFile(join(source, 'checkout.ts'), 'pay();\n');
    await report();
    await rm(source, { recursive: true });
    const overdue = await tg.tidegate('steps', id);
    expect([overdue.status, overdue.stdout]).toEqual([1, expect.stringContaining('2 of 2 steps are left')]);
    expect(await finish()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 of 2 steps is left'),
    });
    const due = async () => (await tg.journal(id)).some(({ transition }) => transition === 'step-due');
    await expect.poll(due, { timeout: 30_000 }).toBe(true);
    expect((await tg.tidegate('steps', 'done', id, 'old host')).status).toBe(0);
    const over = async () => (await tg.journal(id)).at(-1)?.transition;
    await expect.poll(over, { timeout: 30_000 }).toBe('steps-done');
    expect(await tg.exposed('checkout-v2')).toBe(1);
    const entries = await tg.journal(id);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.map(({ transition }) => transition)).toEqual([
      'submitted',
      'started',
      'gate-passed',
      'advanced',
      'gate-passed',
      'advanced',
      'gate-passed',
      'decommissioning',
      'gate-passed',
      'decommission-ready',
      'approval-needed',
      'point-of-no-return',
      'completed',
      'step-due',
      'step-done',
      'step-done',
      'steps-done',
    ]);
    const moves = entries.filter(({ transition }) => transition === 'started' || transition === 'advanced');
    for (const { flagBefore, flagAfter } of moves) expect(flagAfter).toBe((flagBefore ?? 0) + 1);
    const compared = entries.find(({ transition, stage }) => transition === 'gate-passed' && stage === '25%');
    expect(compared?.evidence?.metrics[0]?.canaryRequests).toBeGreaterThan(50);
    expect(compared?.queries.join(' ')).toContain('shop_requests_total');

    const history = await tg.tidegate('status', id, '--history');
    expect(history.status).toBe(0);
    expect(history.stdout).toContain('complete');
    const trace = await tg.tidegate('status', id, '--trace');
    const lines = trace.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { rollout: string; canary: { requests: number } });
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.every(({ rollout }) => rollout === id)).toBe(true);
    // Tidegate's own metrics are scraped from the start, from the server and from the worker.
    for (const query of [
      'tidegate_rollouts_ended_total{outcome="completed",environment="demo"} > 0',
      'sum(tidegate_gate_polls_total{outcome="sample"}) > 5',
    ]) {
      const url = `${tg.stack.urls.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
      const found = async () =>
        ((await (await fetch(url)).json()) as { data: { result: unknown[] } }).data.result.length;
      await expect.poll(found, { timeout: 20_000 }).toBe(1);
    }
    // The old path is gone: there is nothing that a kill could go back to.
    const kill = await tg.tidegate('kill', 'checkout-v2', '--environment', 'demo');
    expect(kill.status).toBe(1);
    expect(kill.stderr).toContain('POINT_OF_NO_RETURN');
  }, 150_000);

  it('is rolled back by a regression, and a second submit meanwhile is told which rollout is active', async () => {
    const plan = planText({
      flag: 'pricing-v2',
      stages: ['{ name: 25%, percent: 25, bake: 60s }', '{ name: 100%, percent: 100 }'],
    });
    const id = await tg.submit(plan);
    await tg.until(id, ({ stage }) => stage === '25%');
    const second = await tg.stack.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', roles: [], text: plan, file: 'p.yaml' }),
    });
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({
      code: 'ROLLOUT_ACTIVE',
      detail: expect.stringContaining(id),
    });
    // A stop on a handful of requests would leave the search too few to be sure of the endpoint.
    await tg.shop.fault({ ...failing('pricing-v2', 1), endpoint: 'GET /products/:id' });
    const view = await tg.until(id, ({ phase }) => phase === 'rolled-back');
    expect(view.stop?.transition).toBe('hard-stop');
    await tg.untilExposed('pricing-v2', (share) => share === 0);
    await tg.shop.fault(null);
    const { explanation } = await tg.until(id, ({ explanation }) => explanation !== undefined);
    expect(explanation?.sentence).toContain('comes from endpoint=GET /products/:id');
    expect((await tg.tidegate('status', id)).stdout).toMatch(/ why +\S/);
    const verified = async () => (await tg.journal(id)).at(-1);
    await expect.poll(verified, { timeout: 60_000, interval: 500 }).toMatchObject({
      transition: 'rollback-verified',
      summary: expect.stringMatching(/^Traffic is back on the old path: none of \d+ requests/),
    });
    const late = await tg.tidegate('rollback', id);
    expect(late.status).toBe(1);
    expect(late.stderr).toContain('ROLLOUT_OVER');
    expect(late.stderr).not.toMatch(/\n\s+at /);
  }, 120_000);

  it('pauses at a soft stop and is rolled back by a person, from the command line', async () => {
    const id = await tg.submit(
      planText({
        flag: 'pricing-v2',
        soft: '+1pp',
        hard: '+60pp',
        stages: ['{ name: 50%, percent: 50, bake: 60s }'],
      }),
    );
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.shop.fault(failing('pricing-v2', 0.15));
    await tg.until(id, ({ pause }) => pause !== null);
    const status = await tg.tidegate('status', id);
    expect(status.stdout).toContain('50%');
    const done = await tg.tidegate('rollback', 'pricing-v2', '--as', 'kim', '--reason', 'no');
    expect([done.status, done.stderr]).toEqual([0, '']);
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    await tg.untilExposed('pricing-v2', (share) => share === 0);
    await tg.shop.fault(null);
  }, 90_000);

  it('pauses at a soft stop; a person with another name accepts the difference and it goes on', async () => {
    const id = await tg.submit(
      planText({
        flag: 'pricing-v2',
        soft: '+1pp',
        hard: '+60pp',
        stages: [
          '{ name: 50%, percent: 50, bake: 4s, minRequests: 50 }',
          '{ name: 100%, percent: 100, bake: 2s, minRequests: 10 }',
        ],
        more: 'approval: { roles: [on-call] }',
      }),
    );
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.shop.fault(failing('pricing-v2', 0.15));
    await tg.until(id, ({ pause }) => pause !== null);
    expect((await tg.status(id)).view.exposure.percent).toBe(50);
    const own = await tg.tidegate('approve', id, '--as', 'sam', '--role', 'on-call');
    expect([own.status, own.stderr]).toEqual([1, expect.stringContaining('OWN_ROLLOUT')]);
    const without = await tg.tidegate('approve', id, '--as', 'kim');
    expect(without.stderr).toContain('ROLE_MISSING');
    const accepted = await tg.tidegate(
      'approve',
      id,
      '--as',
      'kim',
      '--role',
      'on-call',
      '--accept',
      '40pp',
      '--reason',
      'known and mended tomorrow',
    );
    expect([accepted.status, accepted.stderr]).toEqual([0, '']);
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'));
    const approved = await tg.tidegate('approve', id, '--as', 'kim', '--role', 'on-call');
    expect([approved.status, approved.stderr]).toEqual([0, '']);
    await tg.until(id, ({ phase }) => phase === 'completed');
    await tg.shop.fault(null);
    expect((await tg.journal(id)).map(({ transition }) => transition)).toEqual(
      expect.arrayContaining(['soft-stop', 'accepted', 'approval-needed', 'approved', 'completed']),
    );
    const compared = await tg.tidegate('compare', id, '--stage', '50%');
    expect(compared.stdout).toMatch(/errors .* ≤ \+40 pp accepted/);
    const report = await tg.tidegate('report', id);
    expect(report.stdout).toMatch(/with a difference that people accepted\.\*\*\n/);
    expect(report.stdout).toMatch(/kim accepts a difference: .*known and mended tomorrow/);
  }, 120_000);

  it('says everything that is wrong with a plan and submits nothing', async () => {
    const bad = await tg.stack.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        by: 'sam',
        roles: [],
        file: 'p.yaml',
        text: planText({
          flag: 'pricing-v2',
          stages: ['{ name: 1%, percnt: 1 }', '{ name: 5%, percent: 5, bake: 3 days }'],
        }),
      }),
    });
    expect(bad.status).toBe(422);
    const { code, details } = (await bad.json()) as { code: string; details: string[] };
    expect(code).toBe('PLAN_INVALID');
    expect(details.join('\n')).toMatch(/percnt[\s\S]*3 days/);
    const missing = await tg.tidegate('status', 'no-such-rollout');
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('ROLLOUT_UNKNOWN')]);
    const noBaseline = planText({ flag: 'pricing-v2', stages: ['{ name: 1%, percent: 1 }'] }).replaceAll(
      'shop_requests_total',
      'no_such_total',
    );
    const refused = await tg.stack.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'sam', roles: [], file: 'p.yaml', text: noBaseline }),
    });
    expect(await refused.json()).toMatchObject({ code: 'BASELINE_MISSING' });
  });
});
