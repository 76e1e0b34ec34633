import { expect, it, vi } from 'vitest';
import type { DrillsReply } from '../../../server/api/drills.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText, type TestStack } from '../../fixtures/stack.ts';

const STAGES = [
  '{ name: 20%, percent: 20, bake: 10m, minRequests: 50 }',
  '{ name: 100%, percent: 100, bake: 10m }',
];

async function served(tg: TestStack, flag: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${tg.stack.urls.server}/flags/v1/demo.json`);
  const text = response.ok ? await response.text() : '{}';
  const { flags = {} } = JSON.parse(text) as { flags?: Record<string, { metadata?: object }> };
  return { ...flags[flag]?.metadata };
}

async function running(tg: TestStack, flag: Flag): Promise<string> {
  const id = await tg.submit(planText({ flag, stages: STAGES }));
  await tg.until(id, ({ stage }) => stage === '20%');
  await tg.untilExposed(flag, (share) => share > 0.03);
  // A gate that has not seen anything yet has nothing to compare with.
  await vi.waitFor(
    async () => expect((await tg.status(id)).live?.assessment?.polls.used ?? 0).toBeGreaterThan(3),
    { timeout: 30_000, interval: 100 },
  );
  return id;
}

export function detectedDrill(flag: Flag, given: Given): void {
  it.sequential('a drill is detected, rolled back, verified and recorded, and leaves nothing broken', async ({
    expect,
  }) => {
    const tg = given();
    const id = await running(tg, flag);
    const asked = await tg.tidegate('drill', id);
    expect(asked.status).toBe(2);
    expect(asked.stderr).toMatch(/say --yes[\s\S]*for 5 % of the canary's users \(1 % of everybody\)/);

    const drilled = await tg.tidegate(
      'drill',
      id,
      '--percent',
      '10',
      '--within',
      '50s',
      '--yes',
      '--reason',
      'monthly',
    );
    expect(drilled.stdout).toMatch(/drill: runs: not detected yet/);
    expect(drilled.stdout).toMatch(
      /The drill has passed\.\n {2}detected +\d+\.\d s\n {2}rolled back +\d+\.\d s\n {2}verified +\d+\.\d s/,
    );
    expect(drilled.status).toBe(0);
    expect(await tg.exposed(flag)).toBe(0);
    expect((await served(tg, flag))['tidegate.drill.errorRate']).toBeUndefined();

    const entries = (await tg.journal(id)).filter(({ transition }) => transition === 'drill');
    expect(entries).toMatchObject([
      { cause: { kind: 'person', reason: 'monthly' }, drill: { passed: null } },
      { drill: { passed: true, verifiedBy: 'metrics' } },
    ]);
    const { drills } = (await (await tg.stack.api(`/drills?flag=${flag}`)).json()) as DrillsReply;
    expect(drills).toMatchObject([{ rolloutId: id, environment: 'demo', run: { passed: true, within: 50 } }]);
    const listed = await tg.tidegate('drill', '--list', flag);
    expect(listed.stdout).toMatch(new RegExp(`${id} +demo +20% .* passed: detected after`));
  }, 150_000);
}

export function unseenDrill(flag: Flag, given: Given): void {
  it.sequential('a drill that nobody stops ends by itself, and the rollout goes on unharmed', async ({
    expect,
  }) => {
    const tg = given();
    const id = await running(tg, flag);
    // So few and so slightly that no margin is crossed.
    const begun = await tg.stack.api(`/rollouts/${id}/drill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', percent: 1, errorRate: 0.01, within: 6 }),
    });
    expect(begun.status).toBe(201);
    await tg.until(id, ({ drill }) => drill?.passed === false, 30_000);
    const { view } = await tg.status(id);
    expect(view).toMatchObject({ phase: 'active', stage: '20%', pause: null });
    expect(view.drill?.outcome).toContain('was not detected');
    await expect
      .poll(async () => (await served(tg, flag))['tidegate.drill.errorRate'], { timeout: 10_000 })
      .toBeUndefined();
    const again = await tg.tidegate('drill', id, '--end');
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('NOT_WAITING')]);
  }, 120_000);
}
