import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';
import type { RolloutView } from '../../../plans/view.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText } from '../../fixtures/stack.ts';

const QUICK = [
  '{ name: internal, audience: { segments: [employees] }, bake: 1s }',
  '{ name: 25%, percent: 25, bake: 3s, minRequests: 50 }',
  '{ name: 100%, percent: 100, bake: 2s, minRequests: 50 }',
];

/** Ends beyond the point of no return of its flag: the last of a lane. */
export function whole(flag: Flag, given: Given): void {
  it.sequential('a rollout goes to 100 % by itself, and its journal tells each step once, with evidence and revisions', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(
      planText({
        flag,
        stages: [
          ...QUICK,
          `{ name: decommission, decommission: { cleanFor: 2s, references: required, steps: [{ name: code, kind: code, due: 30d }, { name: old host, kind: infrastructure, due: 2026-01-01 }], unused: 'sum(increase(legacy_calls_total{flag="${flag}"}[2s]))' } }`,
        ],
      }),
    );
    await tg.until(id, ({ stage }) => stage === 'decommission', 90_000);
    const asks = ({ blockers }: RolloutView) => blockers.some(({ kind }) => kind === 'point-of-no-return');
    await tg.until(id, asks, 90_000);
    const own = await tg.tidegate('confirm', id, '--as', 'sam', '--confirm', flag);
    expect([own.status, own.stderr]).toEqual([1, expect.stringContaining('OWN_ROLLOUT')]);
    const unnamed = await tg.tidegate('confirm', id, '--as', 'kim');
    expect([unnamed.status, unnamed.stderr]).toEqual([2, expect.stringContaining('is refused from then on')]);
    const said = await tg.tidegate('confirm', id, '--as', 'kim', '--confirm', flag);
    expect([said.status, said.stderr]).toEqual([0, '']);
    await tg.until(id, ({ phase }) => phase === 'completed', 90_000);
    const late = await tg.tidegate('kill', flag, '--environment', 'demo', '--reason', 'too late');
    expect(late.stderr).toContain('POINT_OF_NO_RETURN');
    // The code has it still: its step waits until nobody names it, and says where.
    const finish = () => tg.tidegate('steps', 'done', id, 'code', '--as', 'kim', '--reason', 'merged');
    expect((await finish()).stderr).toContain('nobody has reported since the rollout began');
    const source = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
    await writeFile(join(source, 'checkout.ts'), `if (on('${flag}')) pay();\n`);
    const report = () => tg.tidegate('flags', 'references', flag, source, '--report', '--repository', 'shop');
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
    expect(await tg.exposed(flag)).toBe(1);
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
    const kill = await tg.tidegate('kill', flag, '--environment', 'demo');
    expect(kill.status).toBe(1);
    expect(kill.stderr).toContain('POINT_OF_NO_RETURN');
  }, 150_000);
}
