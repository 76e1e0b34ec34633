import { it } from 'vitest';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { failing, planText } from '../../fixtures/stack.ts';

/** Stopped by the gate, and by people, from the command line. */
export function decided(flag: Flag, given: Given): void {
  it.sequential('a rollout is rolled back by a regression, and a second submit meanwhile is told which rollout is active', async ({
    expect,
  }) => {
    const tg = given();
    const plan = planText({
      flag,
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
    await tg.shop.fault({ ...failing(flag, 1), endpoint: 'GET /products/:id' });
    const view = await tg.until(id, ({ phase }) => phase === 'rolled-back');
    expect(view.stop?.transition).toBe('hard-stop');
    await tg.untilExposed(flag, (share) => share === 0);
    await tg.shop.heal(flag);
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

  it.sequential('a rollout pauses at a soft stop and is rolled back by a person, from the command line', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(
      planText({
        flag,
        soft: '+1pp',
        hard: '+60pp',
        stages: ['{ name: 50%, percent: 50, bake: 60s }'],
      }),
    );
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.shop.fault(failing(flag, 0.15));
    await tg.until(id, ({ pause }) => pause !== null);
    const status = await tg.tidegate('status', id);
    expect(status.stdout).toContain('50%');
    const done = await tg.tidegate('rollback', flag, '--as', 'kim', '--reason', 'no');
    expect([done.status, done.stderr]).toEqual([0, '']);
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    await tg.untilExposed(flag, (share) => share === 0);
    await tg.shop.heal(flag);
  }, 90_000);

  it.sequential('a rollout pauses at a soft stop; a person with another name accepts the difference and it goes on', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(
      planText({
        flag,
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
    await tg.shop.fault(failing(flag, 0.15));
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
    await tg.shop.heal(flag);
    expect((await tg.journal(id)).map(({ transition }) => transition)).toEqual(
      expect.arrayContaining(['soft-stop', 'accepted', 'approval-needed', 'approved', 'completed']),
    );
    const compared = await tg.tidegate('compare', id, '--stage', '50%');
    expect(compared.stdout).toMatch(/errors .* ≤ \+40 pp accepted/);
    const report = await tg.tidegate('report', id);
    expect(report.stdout).toMatch(/with a difference that people accepted\.\*\*\n/);
    expect(report.stdout).toMatch(/kim accepts a difference: .*known and mended tomorrow/);
  }, 120_000);

  it.sequential('the API says everything that is wrong with a plan and submits nothing', async ({
    expect,
  }) => {
    const tg = given();
    const bad = await tg.stack.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        by: 'sam',
        roles: [],
        file: 'p.yaml',
        text: planText({
          flag,
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
    const noBaseline = planText({ flag, stages: ['{ name: 1%, percent: 1 }'] }).replaceAll(
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
}
