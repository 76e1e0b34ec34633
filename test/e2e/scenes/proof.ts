import { it } from 'vitest';
import type { Flag, Given } from '../../fixtures/lane.ts';
import { planText } from '../../fixtures/stack.ts';

/** Seconds. */
const EARLY = 3;
const BAKE = 600;

/** Stages that ask for proof of safety, and go on at their minimum bake time once that is there. */
export function proof(flag: Flag, given: Given): void {
  it.sequential('a stage goes on early once the canary is proven to be no worse, and does not without the proof', async ({
    expect,
  }) => {
    const tg = given();
    const stage = (percent: number, asked: string) =>
      `{ name: ${percent}%, percent: ${percent}, bake: ${BAKE}s, promote: { proof: ${asked}, early: ${EARLY}s } }`;
    const id = await tg.submit(
      planText({
        flag,
        soft: '+10pp',
        hard: '+40pp',
        // What seconds of traffic show, and what takes millions of requests.
        stages: [stage(50, '5pp'), stage(60, '0.01pp'), '{ name: 100%, percent: 100 }'],
      }),
    );
    await tg.until(id, ({ stage }) => stage === '60%', 90_000);
    const entries = await tg.journal(id);
    const at = (wanted: string) => entries.find(({ transition }) => transition === wanted)?.at ?? Number.NaN;
    expect(entries.find(({ transition }) => transition === 'gate-passed')).toMatchObject({
      stage: '50%',
      evidence: { metrics: [{ metric: 'errors', proven: true }] },
    });
    expect(at('advanced') - at('started')).toBeGreaterThan(1000 * EARLY);
    expect(at('advanced') - at('started')).toBeLessThan(500 * BAKE);

    const seen = async () => (await tg.status(id)).live;
    await expect
      .poll(
        async () => [
          (await seen())?.assessment?.stage,
          ((await seen())?.assessment?.polls.used ?? 0) > 3 * EARLY,
        ],
        {
          timeout: 60_000,
        },
      )
      .toEqual(['60%', true]);
    const { view, live } = await tg.status(id);
    expect(view).toMatchObject({ phase: 'active', stage: '60%', pause: null });
    expect(live?.assessment).toMatchObject({
      verdict: 'hold',
      metrics: [{ metric: 'errors', proven: false }],
    });
    expect(live?.assessment?.holding.map(({ kind }) => kind)).toEqual(['bake', 'proof']);
    await tg.back(id);
  }, 240_000);
}
