import { it } from 'vitest';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText } from '../../fixtures/stack.ts';

const EARLY = 3_000;
const BAKE = 600_000;

/** A stage that asks for proof of safety, and goes on at its minimum bake time once that is there. */
export function proof(flag: Flag, given: Given): void {
  it.sequential('a stage goes on early once the canary is proven to be no worse, and not before', async ({
    expect,
  }) => {
    const tg = given();
    // Worse by more than what is asked, and by less than what would stop it.
    await tg.shop.fault({ flag, endpoint: null, errorRate: 0.09, latencyMs: 0 });
    const id = await tg.submit(
      planText({
        flag,
        soft: '+30pp',
        hard: '+60pp',
        stages: [
          `{ name: 50%, percent: 50, bake: ${BAKE / 1000}s, promote: { proof: 5pp, early: ${EARLY / 1000}s } }`,
          '{ name: 100%, percent: 100, bake: 600s }',
        ],
      }),
    );
    await tg.until(id, ({ stage }) => stage === '50%');
    const seen = async () => (await tg.status(id)).live?.assessment;
    const polls = EARLY / 1000 + 1;
    await expect.poll(async () => (await seen())?.polls.used, { timeout: 40_000 }).toBeGreaterThan(polls);
    expect((await tg.status(id)).view).toMatchObject({ phase: 'active', stage: '50%', pause: null });
    expect(await seen()).toMatchObject({ verdict: 'hold', metrics: [{ metric: 'errors', proven: false }] });
    expect((await seen())?.holding.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['bake', 'proof']),
    );

    await tg.shop.heal(flag);
    await tg.until(id, ({ stage }) => stage === '100%', 120_000);
    const entries = await tg.journal(id);
    const at = (wanted: string) => entries.find(({ transition }) => transition === wanted)?.at ?? Number.NaN;
    const passed = entries.find(({ transition }) => transition === 'gate-passed');
    expect(passed).toMatchObject({
      stage: '50%',
      evidence: { metrics: [{ metric: 'errors', proven: true }] },
    });
    expect(at('advanced') - at('started')).toBeGreaterThan(EARLY);
    expect(at('advanced') - at('started')).toBeLessThan(BAKE / 2);
    await tg.back(id);
  }, 240_000);
}
