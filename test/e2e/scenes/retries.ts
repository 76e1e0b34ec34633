import { it } from 'vitest';
import type { Assessment } from '../../../plans/assessment.ts';
import { parsePlan } from '../../../plans/parse.ts';
import { TraceRun } from '../../../rollout/trace-run.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { failing, planText } from '../../fixtures/stack.ts';

const textOf = (flag: Flag) =>
  planText({
    flag,
    stages: [
      '{ name: 10%, percent: 10, bake: 10m, minRequests: 50 }',
      '{ name: 100%, percent: 100, bake: 10m }',
    ],
    hard: '+90pp',
  }).replace('owner: test', 'owner: test, build: "shop:1"');

export function retries(flag: Flag, given: Given): void {
  it.sequential('a retry of the same build goes on with what its first rollout has seen, and its trace says what its gate has said', async ({
    expect,
  }) => {
    const tg = given();
    const polls = async (id: string, least: number) => {
      const used = async () => (await tg.status(id)).live?.assessment?.polls.used ?? 0;
      await expect.poll(used, { timeout: 60_000 }).toBeGreaterThan(least);
    };
    const text = textOf(flag);
    const first = await tg.submit(text);
    await tg.until(first, ({ stage }) => stage === '10%');
    await polls(first, 12);
    const rolledBack = await tg.tidegate('rollback', first, '--reason', 'complaints');
    expect(rolledBack.status).toBe(0);
    await tg.until(first, ({ phase }) => phase === 'rolled-back');

    const retried = await tg.tidegate('retry', first, '--reason', 'it was the cache');
    expect([retried.status, retried.stderr]).toEqual([0, '']);
    expect(retried.stdout).toMatch(
      new RegExp(
        `It goes on with the evidence against build shop:1 of ${first}: errors [\\d.]+ : [\\d.]+ \\(`,
      ),
    );
    const [, number = ''] = /-(\d+)$/.exec(first) ?? [];
    const id = `${flag}-${Number(number) + 1}`;
    await tg.until(id, ({ stage }) => stage === '10%');
    await polls(id, 5);
    const { view } = await tg.status(id);
    const carried = view.origin?.kind === 'retry' ? view.origin.carried : undefined;
    expect(carried).toMatchObject({ of: first, build: 'shop:1' });
    const [submitted] = await tg.journal(id);
    expect(submitted?.summary).toContain('It goes on with the evidence against build shop:1');

    // A backtest of its trace judges both rollouts again, and ends where the gate has.
    const trace = (await tg.tidegate('status', id, '--trace')).stdout.trim().split('\n');
    const parsed = parsePlan(text, 'plan.yaml');
    if (parsed.kind !== 'ok') throw new Error('the plan is wrong');
    const run = new TraceRun(parsed.plan);
    trace.forEach((line, i) => run.add(line, i + 1));
    const { outcomes, faults } = run.finish();
    expect(faults.problems).toEqual([]);
    const judged = outcomes.find(({ outcome }) => outcome.rollout === id)?.outcome;
    const said = (await tg.samples(id)).find(({ t }) => t === judged?.t)?.assessment as
      | Assessment
      | undefined;
    expect(judged?.lnE).toBeCloseTo(said?.lnE ?? Number.NaN, 6);
    const anew = new TraceRun(parsed.plan);
    const own = trace.filter((line) => line.includes(`"rollout":"${id}"`));
    own.forEach((line, i) => anew.add(line.replace(`"after":"${first}",`, ''), i + 1));
    expect(anew.finish().outcomes[0]?.outcome.lnE).not.toBeCloseTo(said?.lnE ?? 0, 6);

    // What it sees now counts against the build, and then a retry of it is refused.
    await tg.shop.fault(failing(flag, 0.5));
    await tg.until(id, ({ pause }) => pause !== null, 60_000);
    await tg.tidegate('rollback', id, '--reason', 'worse');
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    await tg.shop.heal(flag);
    const again = await tg.tidegate('retry', id, '--reason', 'mended');
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('RETRY_SAME_BUILD')]);
    const other = await tg.tidegate('retry', id, '--reason', 'mended', '--build', 'shop:2');
    expect([other.status, other.stdout]).toEqual([
      0,
      expect.stringContaining(`it is of build shop:2, ${id} was of shop:1`),
    ]);
  }, 240_000);
}
