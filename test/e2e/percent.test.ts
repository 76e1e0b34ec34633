import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../plans/journal.ts';
import { quickExample } from '../fixtures/example-plan.ts';
import { failing, startTestStack, type TestStack } from '../fixtures/stack.ts';

let tg: TestStack;
beforeAll(async () => {
  tg = await startTestStack(18);
}, 120_000);
afterAll(() => tg?.stop());

const entered = (entries: readonly JournalEntry[]) =>
  entries
    .filter(({ transition }) => ['started', 'advanced', 'decommissioning'].includes(transition))
    .map(({ stage }) => stage);

async function done(...args: string[]): Promise<string> {
  const ran = await tg.tidegate(...args);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout;
}

/** By percent, with nobody asked before the point of no return. */
async function byPercent(): Promise<void> {
  const flag = 'checkout-v2';
  const id = await tg.submit(quickExample('minimal', flag));
  await tg.until(id, ({ stage }) => stage === '100%', 150_000);
  await tg.untilExposed(flag, (share) => share === 1);
  await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'point-of-no-return'), 60_000);
  await done('confirm', id, '--confirm', flag, '--as', 'kim', '--role', 'on-call', '--reason', 'clean');
  await tg.until(id, ({ phase }) => phase === 'completed');
  const stages = ['internal', '1%', '5%', '25%', '100%', 'decommission'];
  const entries = await tg.journal(id);
  expect(entered(entries)).toEqual(stages);
  expect(entries.filter(({ transition }) => transition === 'gate-passed').map(({ stage }) => stage)).toEqual(
    stages,
  );
}

/** A canary of high risk: somebody lets it begin, and somebody on call lets it go beyond 5 %. */
async function canary(): Promise<void> {
  const flag = 'pricing-v2';
  const text = quickExample('pricing-v2', flag, { keep: ['approval'] });
  const id = await tg.submit(text.replaceAll(/slack-releases|pager/g, 'terminal'));
  const waiting = await tg.until(id, ({ blockers }) =>
    blockers.some(({ kind }) => kind === 'start-approval'),
  );
  expect(waiting).toMatchObject({ phase: 'submitted', stage: null });
  expect(await tg.exposed(flag)).toBe(0);
  await done('approve', id, '--as', 'kim', '--role', 'technical-lead');
  await tg.until(id, ({ stage }) => stage === '5%', 150_000);
  await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'), 60_000);
  expect((await tg.status(id)).view.exposure.percent).toBe(5);
  await done('approve', id, '--as', 'ada', '--role', 'on-call');
  await tg.until(id, ({ stage }) => stage === '25%');
  await tg.shop.fault(failing(flag, 0.6));
  const { stop } = await tg.until(id, ({ phase }) => phase === 'rolled-back', 60_000);
  expect(stop?.transition).toBe('hard-stop');
  await tg.untilExposed(flag, (share) => share === 0);
  await tg.shop.fault(null);
  expect(entered(await tg.journal(id))).toEqual(['internal', '1%', '5%', '25%']);
}

/** The example of a plan that only watches, beside a pipeline that tells what it serves. */
async function watched(): Promise<void> {
  const flag = 'pricing-v2';
  const reason = ['--reason', 'a test', '--environment', 'demo', '--as', 'ada'];
  const id = await tg.submit(quickExample('observe', flag));
  const serve = async (percent: string) => {
    await done('flags', 'set', flag, '--percent', percent, ...reason);
    await done('told', id, '--percent', percent, '--mover', 'ada', '--as', 'kim');
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
  await tg.shop.fault(null);
  const report = await done('report', id);
  expect(report).toMatch(/Would have gone on from stage 20% to 50%/);
  expect(report).toMatch(/rolled back from stage 50%.* later: .*Meanwhile the canary served [\d,]+ requests/);
}

describe('the example plans by percent on the shop', () => {
  it('run beside each other, each on its own flag, and one is watched', async () => {
    await Promise.all([byPercent(), canary().then(watched)]);
  }, 480_000);
});
