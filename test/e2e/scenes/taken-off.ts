import { it } from 'vitest';
import { parse, stringify } from 'yaml';
import { quickExample } from '../../fixtures/example-plan.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText } from '../../fixtures/stack.ts';

/** The example of watched customers on the shop, with companies that its users work for. */
function customers(flag: string): string {
  const plan = parse(
    quickExample('customers', flag)
      .replaceAll(/tenant=(?:acme|globex|initech|hooli)/g, (slice) => TENANTS[slice] ?? slice)
      .replaceAll('minRequests: 500', 'minRequests: 30'),
  ) as { stages: { name: string }[] };
  const stages = plan.stages.filter(({ name }) => ['internal', '50%', '100%'].includes(name));
  // Half of the users have it until somebody has seen who was taken off.
  const own: Record<string, object> = {
    '50%': { max: '10m', approval: { roles: ['on-call'] } },
    '100%': { bake: '10m' },
  };
  return stringify({ ...plan, stages: stages.map((one) => ({ ...one, ...own[one.name] })) });
}

const TENANTS: Record<string, string> = {
  'tenant=acme': 'tenant=tenant-1',
  'tenant=globex': 'tenant=tenant-2',
  'tenant=initech': 'tenant=tenant-3',
  'tenant=hooli': 'tenant=tenant-4',
};

/** `even` is a segment of tidegate.yaml with half of the users. */
export function segmentTakenOff(flag: Flag, given: Given): void {
  it.sequential('one segment is taken off the canary and stays off, the rest goes on, and then all go back stage by stage', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(
      planText({
        flag,
        stages: [
          '{ name: 25%, percent: 25, bake: 4s, minRequests: 20 }',
          '{ name: 50%, percent: 50, bake: 1s, minRequests: 20 }',
          '{ name: 100%, percent: 100, bake: 600s }',
        ],
      }),
    );
    await tg.until(id, ({ stage }) => stage !== null);
    const excluded = await tg.tidegate(
      'exclude',
      id,
      '--segment',
      'even',
      '--reason',
      'their totals are wrong',
    );
    expect(excluded).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('takes even off the canary'),
    });
    const off = await tg.until(id, ({ excluded: out }) => out?.[0]?.revision != null);
    expect(off.exposure.without).toEqual(['even']);
    expect(await tg.tidegate('exclude', id, '--segment', 'even', '--reason', 'twice')).toMatchObject({
      status: 1,
    });

    await tg.until(id, ({ stage }) => stage === '100%', 90_000);
    await tg.untilExposed(flag, (share) => share > 0.4 && share < 0.6);
    const status = (await tg.tidegate('status', id)).stdout.replace(/\s+/g, ' ');
    expect(status).toContain('everyone without even');
    expect(status).toMatch(/excluded even, since revision \d+, by .*: their totals are wrong/);

    const back = await tg.tidegate(
      'rollback',
      id,
      '--progressive',
      '--every',
      '8s',
      '--reason',
      'cold caches',
    );
    expect(back.status).toBe(0);
    const down = await tg.until(id, ({ exposure }) => exposure.percent === 50);
    expect(down).toMatchObject({ phase: 'active', descent: { from: '100%' } });
    expect((await tg.tidegate('status', id)).stdout).toMatch(/goes back\s+50 % without even → 25 %/);
    expect(await tg.tidegate('resume', id)).toMatchObject({ status: 1 });
    const over = await tg.until(id, ({ phase }) => phase === 'rolled-back');
    expect(over).toMatchObject({ stage: '100%', exposure: { percent: 0, segments: [] } });
    await tg.untilExposed(flag, (share) => share === 0);
    const entries = await tg.journal(id);
    expect(
      entries
        .filter(({ transition }) => transition === 'stepped-back')
        .map(({ exposure }) => exposure.percent),
    ).toEqual([50, 25]);
    const [line] = entries.filter(({ transition }) => transition === 'excluded');
    expect(line).toMatchObject({ cause: { kind: 'person', reason: 'their totals are wrong' } });
  }, 180_000);
}

export function customerTakenOff(flag: Flag, given: Given): void {
  it.sequential('a customer that gets worse alone goes back by itself, and the others go on to the end', async ({
    expect,
  }) => {
    const tg = given();
    await tg.shop.fault({ flag, endpoint: null, tenant: 'tenant-1', errorRate: 1, latencyMs: 0 });
    const id = await tg.submit(customers(flag));
    const off = await tg.until(id, ({ excluded }) => excluded?.[0]?.revision != null, 240_000);
    expect(off).toMatchObject({
      phase: 'active',
      excluded: [{ name: 'tenant=tenant-1', by: 'the gate', slice: 'tenant=tenant-1', metric: 'errors' }],
      exposure: { percent: 50, without: ['tenant=tenant-1'] },
    });
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'));
    await tg.done('approve', id, '--as', 'kim', '--role', 'on-call');
    await tg.until(id, ({ stage }) => stage === '100%', 240_000);
    await tg.untilExposed(flag, (share) => share > 0.9 && share < 1);
    const status = (await tg.tidegate('status', id)).stdout.replace(/\s+/g, ' ');
    expect(status).toMatch(
      /excluded tenant=tenant-1, \d+ % of the canary's requests, since revision \d+, by the gate/,
    );
    const entries = await tg.journal(id);
    expect(entries.filter(({ transition }) => transition === 'excluded')).toMatchObject([
      {
        cause: { kind: 'gate', verdict: 'hard' },
        evidence: { verdict: 'hold', severed: [{ who: 'tenant=tenant-1' }] },
      },
    ]);
    expect(entries.some(({ transition }) => ['hard-stop', 'soft-stop', 'paused'].includes(transition))).toBe(
      false,
    );
  }, 500_000);
}

/** The flag is there, at nobody, and ada moves it: the plan only watches. */
export function customerWatched(flag: Flag, given: Given): void {
  it.sequential('says whom it would have taken off the canary, goes on watching the others, and takes nobody off', async ({
    expect,
  }) => {
    const tg = given();
    const moved = ['--reason', 'a test', '--environment', 'demo', '--as', 'ada'];
    const serve = (...what: string[]) => tg.done('flags', 'set', flag, ...what, ...moved);
    const said = async (summary: RegExp) =>
      await expect
        .poll(async () => (await tg.journal(id)).map((entry) => entry.summary), {
          timeout: 120_000,
          interval: 300,
        })
        .toContainEqual(expect.stringMatching(summary));
    await tg.shop.fault({ flag, endpoint: null, tenant: 'tenant-1', errorRate: 1, latencyMs: 0 });
    const id = await tg.submit(`${customers(flag)}mode: observe\n`);
    await serve('--percent', '50');
    await said(/^Would have excluded tenant=tenant-1 in stage 50% and gone on for the rest/);
    const off = await tg.until(id, ({ watching }) => watching?.excluded !== undefined);
    // Whoever would be off has the canary as before: nobody but ada moves the flag.
    expect(off).toMatchObject({
      phase: 'active',
      stage: '50%',
      exposure: { percent: 50 },
      watching: { excluded: [{ name: 'tenant=tenant-1', by: 'the gate', metric: 'errors' }] },
    });
    expect(off.exposure.without).toBeUndefined();
    expect(off.excluded).toBeUndefined();
    const status = (await tg.done('status', id)).replace(/\s+/g, ' ');
    expect(status).toMatch(
      /excluded tenant=tenant-1, [\d.]+ % of the canary's requests, would be off since .*: errors\{tenant=tenant-1\}/,
    );
    // The others are well: in a new visit of the stage the plan would go on without the one that would be off.
    await serve('--percent', '60');
    await said(/^Would have gone on from stage 50% to 100%: .*without tenant=tenant-1/);
    await tg.untilExposed(flag, (share) => share > 0.5 && share < 0.7);
    await serve('--off');
    await tg.until(id, ({ phase }) => phase === 'completed');
    const entries = await tg.journal(id);
    const taken = entries.filter(({ transition }) => transition === 'would-exclude');
    expect(taken).toMatchObject([
      {
        stage: '50%',
        cause: { kind: 'gate', verdict: 'hard' },
        evidence: { severed: [{ who: 'tenant=tenant-1', metric: 'errors' }] },
        summary: expect.stringContaining(': errors{tenant=tenant-1}: canary'),
      },
    ]);
    const kinds = entries.map(({ transition }) => transition);
    for (const act of [
      'excluded',
      'would-stop',
      'would-pause',
      'paused',
      'drift',
      'hard-stop',
      'soft-stop',
    ] as const)
      expect(kinds).not.toContain(act);
    const report = await tg.done('report', id);
    expect(report).toMatch(
      /## What it would have done\n[^]*Would have excluded tenant=tenant-1 in stage 50% and gone on for the rest/,
    );
    expect(report).toMatch(/Would have gone on from stage 50% to 100%: .*without tenant=tenant-1/);
    await tg.shop.fault(null);
  }, 300_000);
}
