import { it } from 'vitest';
import { parse, stringify } from 'yaml';
import { quickExample } from '../../fixtures/example-plan.ts';
import { entered, type Flag, type Given } from '../../fixtures/lane.ts';
import { failing } from '../../fixtures/stack.ts';

export function rings(flag: Flag, given: Given): void {
  it.sequential('ring by ring', async ({ expect }) => {
    const tg = given();
    const id = await tg.submit(quickExample('rings', flag));
    await tg.until(id, ({ stage }) => stage === '25%', 90_000);
    const entries = await tg.journal(id);
    expect(entered(entries).slice(0, 4)).toEqual(['internal', 'early adopters', '5%', '25%']);
    expect(entries.find(({ stage }) => stage === '25%')?.exposure).toEqual({
      percent: 25,
      segments: ['employees', 'early-adopters'],
      variant: null,
    });
    await tg.back(id);
  }, 180_000);
}

/** Ends beyond the point of no return of its flag: the last of a lane. */
export function byPercent(flag: Flag, given: Given): void {
  it.sequential('by percent, with nobody asked before the point of no return', async ({ expect }) => {
    const tg = given();
    const id = await tg.submit(quickExample('minimal', flag));
    await tg.until(id, ({ stage }) => stage === '100%', 150_000);
    await tg.untilExposed(flag, (share) => share === 1);
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'point-of-no-return'));
    await tg.done('confirm', id, '--confirm', flag, '--as', 'kim', '--role', 'on-call', '--reason', 'clean');
    await tg.until(id, ({ phase }) => phase === 'completed');
    const stages = ['internal', '1%', '5%', '25%', '100%', 'decommission'];
    const entries = await tg.journal(id);
    expect(entered(entries)).toEqual(stages);
    expect(
      entries.filter(({ transition }) => transition === 'gate-passed').map(({ stage }) => stage),
    ).toEqual(stages);
  }, 300_000);
}

export function canary(flag: Flag, given: Given): void {
  it.sequential('a canary of high risk: somebody lets it begin, and somebody on call lets it go beyond 5 %', async ({
    expect,
  }) => {
    const tg = given();
    const text = quickExample('pricing-v2', flag, { keep: ['approval'] })
      .replaceAll(/slack-releases|pager/g, 'terminal')
      // It is there when the fault comes, however busy the machine is.
      .replace(/(name: 25%[^]*?bake: )2s/, (_, before: string) => `${before}10m`);
    expect(text).toContain('bake: 10m');
    const id = await tg.submit(text);
    const waiting = await tg.until(id, ({ blockers }) =>
      blockers.some(({ kind }) => kind === 'start-approval'),
    );
    expect(waiting).toMatchObject({ phase: 'submitted', stage: null });
    expect(await tg.exposed(flag)).toBe(0);
    await tg.done('approve', id, '--as', 'kim', '--role', 'technical-lead');
    await tg.until(id, ({ stage }) => stage === '5%', 150_000);
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'));
    expect((await tg.status(id)).view.exposure.percent).toBe(5);
    await tg.done('approve', id, '--as', 'ada', '--role', 'on-call');
    await tg.until(id, ({ stage }) => stage === '25%');
    await tg.shop.fault(failing(flag, 0.6));
    const { stop } = await tg.until(id, ({ phase }) => phase === 'rolled-back');
    expect(stop?.transition).toBe('hard-stop');
    await tg.untilExposed(flag, (share) => share === 0);
    expect(entered(await tg.journal(id))).toEqual(['internal', '1%', '5%', '25%']);
  }, 300_000);
}

/** The last of a lane: the flag is a person's afterwards. */
export function watched(flag: Flag, given: Given): void {
  it.sequential('the example of a plan that only watches, beside a pipeline that tells what it serves', async ({
    expect,
  }) => {
    const tg = given();
    const reason = ['--reason', 'a test', '--environment', 'demo', '--as', 'ada'];
    const id = await tg.submit(quickExample('observe', flag));
    const serve = async (percent: string) => {
      await tg.done('flags', 'set', flag, '--percent', percent, ...reason);
      await tg.done('told', id, '--percent', percent, '--mover', 'ada', '--as', 'kim');
    };
    const would = async (transition: string, stage: string) =>
      await expect
        .poll(async () => (await tg.journal(id)).map((entry) => `${entry.transition} ${entry.stage}`), {
          timeout: 90_000,
          interval: 300,
        })
        .toContain(`${transition} ${stage}`);
    await serve('20');
    await would('would-advance', '20%');
    await serve('50');
    await tg.shop.fault(failing(flag, 0.6));
    await would('would-stop', '50%');
    expect((await tg.status(id)).view).toMatchObject({ phase: 'active', exposure: { percent: 50 } });
    await serve('0');
    await tg.until(id, ({ phase }) => phase === 'completed');
    const report = await tg.done('report', id);
    expect(report).toMatch(/Would have gone on from stage 20% to 50%/);
    expect(report).toMatch(
      /rolled back from stage 50%.* later: .*Meanwhile the canary served [\d,]+ requests/,
    );
  }, 240_000);
}

/** What is compared with a holdback: a stage that would be without a baseline at 100 %. */
export function holdback(flag: Flag, given: Given): void {
  /** From which stage on, and for how long at least the holdback is kept. */
  const plan = (from: 'internal' | 'holdback', bake: string) => {
    const { stages, ...example } = parse(quickExample('holdback', flag)) as {
      stages: { name: string; percent?: number }[];
    };
    const own = (name: string, percent?: number) => {
      // Seconds of one percent of the shop's traffic are few: a twentieth is held back.
      if (name === 'holdback') return { percent: 95, bake };
      return percent === 100 ? { bake: '10m' } : {};
    };
    const kept = stages.slice(stages.findIndex(({ name }) => name === from));
    // Only the comparison is left to decide.
    return stringify({
      ...example,
      stages: kept.map((one) => ({ ...one, ...own(one.name, one.percent) })),
      limits: [],
    });
  };

  it.sequential('the long bake is compared with the users who are held back, and 100 % comes after it', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(plan('internal', '4s'));
    await tg.until(id, ({ stage }) => stage === 'holdback', 90_000);
    await tg.untilExposed(flag, (share) => share > 0.9 && share < 1);
    await tg.until(id, ({ stage }) => stage === '100%', 90_000);
    await tg.untilExposed(flag, (share) => share === 1);
    const entries = await tg.journal(id);
    expect(entered(entries)).toEqual(['internal', '5%', '25%', 'holdback', '100%']);
    const { evidence } = entries.find(
      ({ transition, stage }) => transition === 'gate-passed' && stage === 'holdback',
    ) ?? { evidence: null };
    const [errors] = evidence?.metrics ?? [];
    expect(errors?.baselineRequests).toBeGreaterThan(20);
    expect(errors?.canaryRequests).toBeGreaterThan(
      10 * (errors?.baselineRequests ?? Number.POSITIVE_INFINITY),
    );
    expect(evidence?.warnings.join()).not.toContain('not compared');
    // Of 100 % the same gate says that it has nobody to compare with.
    await expect
      .poll(async () => (await tg.status(id)).live?.assessment?.warnings.join(), { timeout: 30_000 })
      .toContain('not compared');
    await tg.back(id);
  }, 240_000);

  it.sequential('what turns bad in the long bake goes back by the comparison with those who are held back', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(plan('holdback', '10m'));
    await tg.until(id, ({ stage }) => stage === 'holdback', 90_000);
    await tg.untilExposed(flag, (share) => share > 0.9);
    await tg.shop.fault(failing(flag, 0.6));
    const { stop } = await tg.until(id, ({ phase }) => phase === 'rolled-back', 90_000);
    expect(stop).toMatchObject({ transition: 'hard-stop', cause: { kind: 'gate', verdict: 'hard' } });
    await tg.untilExposed(flag, (share) => share === 0);
    const [line] = (await tg.journal(id)).filter(({ transition }) => transition === 'hard-stop');
    expect(line).toMatchObject({ stage: 'holdback', evidence: { metric: 'errors' } });
  }, 240_000);
}
