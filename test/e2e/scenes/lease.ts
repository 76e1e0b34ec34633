import { expect, it, onTestFinished } from 'vitest';
import { startFlagReader } from '../../fixtures/flag-reader.ts';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText, type TestStack } from '../../fixtures/stack.ts';

/** When nothing of the controller is left, the flag goes back by itself. */
export function exposureAsLease(flag: Flag, given: Given): void {
  it('an exposure as a lease is renewed while the gate is well, ends without it, and waits for a person afterwards', async () => {
    const test = given();
    const { ports } = test.stack;
    const addresses = [`127.0.0.1:${ports.sync}`, `127.0.0.1:${ports.workerSync}`];
    const app = await startFlagReader({ addresses, environment: 'demo', flag });
    onTestFinished(() => app.stop());
    const shares = (share: number) => Math.abs((app.share() ?? -100) - share) < 8;

    const plan = planText({
      flag,
      stages: ['{ name: 10%, percent: 10, bake: 2s }', '{ name: 60%, percent: 60, bake: 10m }'],
      hard: '+20pp',
      more: 'lease: 8s\npolicy: { noData: { after: 10m } }',
    });
    const id = await test.submit(plan);
    await test.until(id, ({ stage }) => stage === '60%', 90_000);
    await expect.poll(() => shares(60), { timeout: 20_000 }).toBe(true);

    // Longer than the lease: without renewals it would be gone by then.
    const { view, lease } = await test.status(id);
    expect(lease).toMatchObject({ until: expect.any(Number), fallback: { percent: 10 } });
    const { stageSince } = view;
    await expect
      .poll(() => Date.now(), { timeout: 30_000, interval: 500 })
      .toBeGreaterThan((stageSince ?? 0) + 14_000);
    expect(shares(60)).toBe(true);
    const { revision } = await listed(test, flag);

    for (const name of ['worker', 'server', 'prometheus', 'temporal', 'postgres'] as const)
      await test.stack.parts[name].stop();
    await expect.poll(() => shares(10), { timeout: 20_000 }).toBe(true);

    for (const name of ['postgres', 'temporal', 'prometheus', 'server', 'worker'] as const)
      await test.stack.parts[name].start();
    const paused = await test.until(id, ({ pause }) => pause !== null, 90_000);
    expect(paused.pause?.reason).toContain('the lease ran out at');
    expect(paused.exposure.percent).toBe(10);
    expect(await listed(test, flag)).toMatchObject({ revision: revision + 1, exposure: { percent: 10 } });
    expect((await test.journal(id)).filter(({ transition }) => transition === 'drift')).toHaveLength(1);

    const resumed = await test.tidegate('resume', id, '--as', 'kim', '--reason', 'the machine is back');
    expect(resumed).toMatchObject({ status: 0 });
    await expect.poll(() => shares(60), { timeout: 180_000 }).toBe(true);
  });
}

async function listed({ tidegate }: TestStack, flag: Flag) {
  const { stdout } = await tidegate('flags', '--json');
  const answer = JSON.parse(stdout) as {
    flags: { key: string; revision: number; exposure: { percent: number } }[];
  };
  const found = answer.flags.find(({ key }) => key === flag);
  if (found === undefined) throw new Error(stdout);
  return found;
}
