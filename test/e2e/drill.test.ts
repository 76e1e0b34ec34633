import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DrillsReply } from '../../server/api/drills.ts';
import { planText, startTestStack, type TestStack } from '../fixtures/stack.ts';

let tg: TestStack;
beforeAll(async () => {
  tg = await startTestStack(14);
}, 120_000);
afterAll(() => tg?.stop());

const STAGES = [
  '{ name: 10%, percent: 10, bake: 10m, minRequests: 50 }',
  '{ name: 100%, percent: 100, bake: 10m }',
];

async function served(flag: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${tg.stack.urls.server}/flags/v1/demo.json`);
  const text = response.ok ? await response.text() : '{}';
  const { flags = {} } = JSON.parse(text) as { flags?: Record<string, { metadata?: object }> };
  return { ...flags[flag]?.metadata };
}

async function running(flag: 'pricing-v2' | 'checkout-v2'): Promise<string> {
  const id = await tg.submit(planText({ flag, stages: STAGES }));
  await tg.until(id, ({ stage }) => stage === '10%');
  await tg.untilExposed(flag, (share) => share > 0.03);
  // A gate that has not seen anything yet has nothing to compare with.
  await expect
    .poll(async () => (await tg.status(id)).live?.assessment?.polls.used ?? 0, { timeout: 30_000 })
    .toBeGreaterThan(3);
  return id;
}

describe('a drill on a running rollout', () => {
  it('is detected, rolled back, verified and recorded, and leaves nothing broken', async () => {
    const id = await running('checkout-v2');
    const asked = await tg.tidegate('drill', id);
    expect(asked.status).toBe(2);
    expect(asked.stderr).toMatch(/say --yes[\s\S]*for 5 % of the canary's users \(0\.5 % of everybody\)/);

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
    expect(await tg.exposed('checkout-v2')).toBe(0);
    expect((await served('checkout-v2'))['tidegate.drill.errorRate']).toBeUndefined();

    const entries = (await tg.journal(id)).filter(({ transition }) => transition === 'drill');
    expect(entries).toMatchObject([
      { cause: { kind: 'person', reason: 'monthly' }, drill: { passed: null } },
      { drill: { passed: true, verifiedBy: 'metrics' } },
    ]);
    const { drills } = (await (await tg.stack.api('/drills?flag=checkout-v2')).json()) as DrillsReply;
    expect(drills).toMatchObject([{ rolloutId: id, environment: 'demo', run: { passed: true, within: 50 } }]);
    const listed = await tg.tidegate('drill', '--list', 'checkout-v2');
    expect(listed.stdout).toMatch(/checkout-v2-1 +demo +10% .* passed: detected after/);
  }, 150_000);

  it('that nobody stops ends by itself, and the rollout goes on unharmed', async () => {
    const id = await running('pricing-v2');
    // So few and so slightly that no margin is crossed.
    const begun = await tg.stack.api(`/rollouts/${id}/drill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', percent: 1, errorRate: 0.01, within: 6 }),
    });
    expect(begun.status).toBe(201);
    await tg.until(id, ({ drill }) => drill?.passed === false, 30_000);
    const { view } = await tg.status(id);
    expect(view).toMatchObject({ phase: 'active', stage: '10%', pause: null });
    expect(view.drill?.outcome).toContain('was not detected');
    await expect
      .poll(async () => (await served('pricing-v2'))['tidegate.drill.errorRate'], { timeout: 10_000 })
      .toBeUndefined();
    const again = await tg.tidegate('drill', id, '--end');
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('NOT_WAITING')]);
  }, 120_000);
});
