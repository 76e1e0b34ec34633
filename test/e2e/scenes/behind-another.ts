import { it } from 'vitest';
import type { Given } from '../../fixtures/lane.ts';
import { failing, planText } from '../../fixtures/stack.ts';

const LEAD = 'pricing-v2';
const FOLLOWER = 'checkout-v2';

const lead = (more = '') =>
  planText({
    flag: LEAD,
    stages: [
      `{ name: 25%, percent: 25, bake: 2s, minRequests: 50${more} }`,
      '{ name: 100%, percent: 100, bake: 1s, minRequests: 20 }',
    ],
  });
const follower = planText({
  flag: FOLLOWER,
  stages: [
    '{ name: 25%, percent: 25, bake: 2s, minRequests: 50 }',
    `{ name: 100%, percent: 100, bake: 1s, minRequests: 20, requires: [{ rollout: ${LEAD} }] }`,
  ],
  more: `requires: [{ rollout: ${LEAD}, reached: 25%, then: rollback }]`,
});

/** Two plans, one of which requires the other. Both flags are theirs meanwhile. */
export function behindAnother(given: Given): void {
  it('a rollout waits for the one that it requires, and goes back when that one is rolled back', async ({
    expect,
  }) => {
    const tg = given();
    const second = await tg.submit(follower);
    const waiting = await tg.until(second, ({ blockers }) =>
      blockers.some(({ kind }) => kind === 'requires'),
    );
    expect(waiting).toMatchObject({ phase: 'submitted', stage: null });
    expect(await tg.done('status', second)).toContain(`waits until ${LEAD} has reached 25 %`);
    expect(await tg.exposed(FOLLOWER)).toBe(0);

    const first = await tg.submit(lead(', approval: { roles: [on-call] }'));
    await tg.until(second, ({ stage }) => stage === '25%');
    await tg.untilExposed(FOLLOWER, (share) => share > 0.15);
    await tg.shop.fault(failing(LEAD, 0.6));
    await tg.until(first, ({ phase }) => phase === 'rolled-back');
    const { stop } = await tg.until(second, ({ phase }) => phase === 'rolled-back');
    for (const flag of [LEAD, FOLLOWER]) await tg.untilExposed(flag, (share) => share === 0);
    expect(JSON.stringify(stop)).toContain(first);
    // Its own metrics were well: it went back with the other one alone.
    const own = (await tg.journal(second)).map(({ transition }) => transition);
    for (const stopped of ['hard-stop', 'soft-stop']) expect(own).not.toContain(stopped);
    expect((await tg.journal(first)).map(({ transition }) => transition)).toContain('hard-stop');
  }, 180_000);

  it('a rollout goes on stage by stage as the one that it requires goes on and completes', async ({
    expect,
  }) => {
    const tg = given();
    const second = await tg.submit(follower);
    await tg.until(second, ({ blockers }) => blockers.some(({ kind }) => kind === 'requires'));
    const first = await tg.submit(lead(', approval: { roles: [on-call] }'));
    await tg.until(second, ({ stage }) => stage === '25%');
    // Its own gate has passed; the other one waits for a person and is not complete.
    await expect
      .poll(async () => (await tg.journal(second)).map(({ transition }) => transition), { timeout: 40_000 })
      .toContain('gate-passed');
    await tg.until(
      second,
      ({ stage, blockers }) => stage === '25%' && blockers.some(({ kind }) => kind === 'requires'),
    );
    await tg.until(first, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'));
    expect((await tg.status(second)).view).toMatchObject({ stage: '25%', exposure: { percent: 25 } });
    await tg.done('approve', first, '--as', 'kim', '--role', 'on-call');
    await tg.until(first, ({ phase }) => phase === 'completed');
    await tg.until(second, ({ phase }) => phase === 'completed');
    await tg.untilExposed(FOLLOWER, (share) => share === 1);
    const at = async (id: string, wanted: string) =>
      (await tg.journal(id)).find(({ transition }) => transition === wanted)?.at ?? Number.NaN;
    expect(await at(second, 'started')).toBeGreaterThanOrEqual(await at(first, 'started'));
    expect(await at(second, 'advanced')).toBeGreaterThanOrEqual(await at(first, 'completed'));
  }, 180_000);
}
