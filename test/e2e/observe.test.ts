import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HistoryReply } from '../../server/api/flags.ts';
import { failing, planText, startTestStack, type TestStack } from '../fixtures/stack.ts';
import { customerWatched } from './scenes/taken-off.ts';

let tg: TestStack;
beforeAll(async () => {
  tg = await startTestStack(9);
  for (const flag of ['pricing-v2', 'checkout-v2'])
    await tg.done('flags', 'create', flag, ...made, ...reason, '--as', 'ada');
}, 120_000);
afterAll(() => tg?.stop());

const STAGES = [
  '{ name: 25%, percent: 25, bake: 3s, minRequests: 50 }',
  '{ name: 50%, percent: 50, bake: 3s, minRequests: 50 }',
  '{ name: 100%, percent: 100, bake: 3s, minRequests: 50 }',
];
const made = ['--kind', 'boolean', '--purpose', 'ops', '--stickiness', 'userId'];
const reason = ['--reason', 'a test', '--environment', 'demo'];

async function done(...args: string[]): Promise<string> {
  const ran = await tg.tidegate(...args);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  return ran.stdout;
}

async function authors(flag: string): Promise<string[]> {
  const response = await tg.stack.api(`/flags/${flag}/revisions?environment=demo`);
  const { revisions } = HistoryReply.parse(await response.json());
  return revisions.map(({ author, exposure }) => `${author} ${exposure.percent}`);
}

async function untilJournaled(id: string, transition: string): Promise<void> {
  await expect
    .poll(async () => (await tg.journal(id)).map((entry) => entry.transition), {
      timeout: 60_000,
      interval: 200,
    })
    .toContain(transition);
}

describe('a plan that only watches', () => {
  it('says when it would have stopped what ada ramps, and leaves her flag as it is', async () => {
    const flag = 'pricing-v2';
    const id = await tg.submit(planText({ flag, stages: STAGES, more: 'mode: observe' }));
    expect((await tg.status(id)).view).toMatchObject({ phase: 'submitted', watching: { would: null } });
    await expect.poll(() => done('status', id)).toContain('begins when somebody has the canary');

    await done('flags', 'set', flag, '--percent', '25', ...reason, '--as', 'ada');
    await tg.until(id, ({ stage }) => stage === '25%');
    await untilJournaled(id, 'would-advance');
    await done('flags', 'set', flag, '--percent', '50', ...reason, '--as', 'ada');
    await tg.until(id, ({ stage }) => stage === '50%');
    await tg.shop.fault(failing(flag, 0.5));
    await untilJournaled(id, 'would-stop');
    const view = await tg.until(id, ({ watching }) => watching?.would?.transition === 'would-stop');
    expect(view).toMatchObject({ phase: 'active', exposure: { percent: 50 }, pause: null, stop: null });
    expect(await done('status', id)).toContain('Would have been rolled back from stage 50%');
    const rollback = await tg.tidegate('rollback', id);
    expect(rollback.status).toBe(1);
    expect(rollback.stderr).toContain('ONLY_WATCHES');

    await done('flags', 'set', flag, '--percent', '0', ...reason, '--as', 'ada');
    await tg.until(id, ({ phase }) => phase === 'completed');
    await tg.shop.fault(null);
    const report = await done('report', id);
    expect(report).toContain('was only watched');
    expect(report).toMatch(/## What it would have done\n\n- .*Would have gone on from stage 25% to 50%/);
    expect(report).toMatch(
      /rolled back from stage 50%.* later: .*Meanwhile the canary served [\d,]+ requests/,
    );
    const entries = await tg.journal(id);
    expect(entries.find(({ transition }) => transition === 'would-stop')).toMatchObject({
      stage: '50%',
      cause: { kind: 'gate', verdict: 'hard' },
      evidence: { metric: 'errors' },
    });
    expect(entries.filter(({ transition }) => transition === 'advanced')).toMatchObject([
      { stage: '50%', cause: { kind: 'flag', reason: 'ada moved the flag' } },
    ]);
    expect(entries.map(({ transition }) => transition)).not.toContain('drift');
    // Made at 0 %, and then as she moved it: nobody else has touched it.
    expect(await authors(flag)).toEqual(['ada 0', 'ada 50', 'ada 25', 'ada 0']);
  });

  it('follows what it is told, by numbers that grow', async () => {
    const flag = 'checkout-v2';
    const plan = planText({ flag, stages: STAGES, more: 'mode: observe' }).replace(
      `flag: { key: ${flag} }`,
      `flag: { key: ${flag}, provider: told }`,
    );
    const id = await tg.submit(plan);
    await done('flags', 'set', flag, '--percent', '25', ...reason, '--as', 'ada');
    // What the flag serves is not read: it is told.
    expect(await done('told', id, '--percent', '25', '--mover', 'ada', '--as', 'kim')).toContain('stage 25%');
    expect(await done('told', id, '--percent', '25', '--sequence', '1', '--as', 'kim')).toContain(
      'Nothing changes',
    );
    await untilJournaled(id, 'would-advance');
    await done('told', id, '--percent', '50', '--sequence', '5');
    const old = await tg.tidegate('told', id, '--percent', '25', '--sequence', '4');
    expect(old.status).toBe(1);
    expect(old.stderr).toContain('TOLD_STALE');
    expect(old.stderr).toContain('serves 50 % by sequence 5');
    expect((await tg.status(id)).view).toMatchObject({ stage: '50%', watching: { told: { sequence: 5 } } });
    expect((await tg.journal(id)).find(({ transition }) => transition === 'started')?.cause).toEqual({
      kind: 'flag',
      reason: 'ada moved the flag, told by kim (sequence 1)',
    });
    await done('end', id, '--reason', 'seen enough', '--as', 'kim');
    await tg.until(id, ({ phase }) => phase === 'completed');
    expect(await authors(flag)).toEqual(['ada 25', 'ada 0']);
  });

  customerWatched('pricing-v2', () => tg);
});
