import { describe, expect, it } from 'vitest';
import { planOf } from '../analysis/traffic.fixture.ts';
import type { MetricSource } from '../metrics/source.ts';
import type { Reading } from '../plans/sample.ts';
import type { RolloutRow, RolloutStore } from '../store/store.ts';
import { verify } from './verify-rollback.ts';

const plan = planOf();
const { poll } = plan.source;
const SINCE = 1_500_000;
const request = { rolloutId: 'a-1', plan, stage: '5%', origin: 0, since: SINCE * 1000 };

/** `shares`: requests of the canary in one window after the other; null: the source is down. The last one stays. */
async function verified(shares: (number | null)[], active: string[] = ['a-1']) {
  const windows: { from: number; to: number }[] = [];
  const waits: number[] = [];
  const source = {
    settle: 1,
    async read({ from, to }): Promise<Reading> {
      const canary = shares[Math.min(windows.length, shares.length - 1)] ?? null;
      windows.push({ from, to });
      const t = to;
      if (canary === null)
        return {
          kind: 'rejected',
          t,
          rejections: [{ kind: 'source-down', detail: 'no answer' }],
          queries: [],
        };
      const cohort = (requests: number) => ({ requests, ratios: {}, histograms: {} });
      const sample = { stage: '5%', t, baseline: cohort(100), canary: cohort(canary) };
      return { kind: 'sample', sample, expressions: {}, queries: [`to ${to}`] };
    },
  } as Partial<MetricSource> as MetricSource;
  const store = {
    list: async () => active.map((id) => ({ id }) as RolloutRow),
  } as Partial<RolloutStore> as RolloutStore;
  const log = { info: () => undefined, warn: () => undefined };
  const event = await verify(
    { source: () => source, store, log },
    request,
    async (at) => void waits.push(at),
  );
  return { event, windows, waits };
}

describe('a rollback', () => {
  it('is verified by the first whole window without a request of the canary', async () => {
    const { event, windows, waits } = await verified([5, null, 0]);
    expect(event).toMatchObject({
      kind: 'verified',
      outcome: 'back',
      detail: 'none of 100 requests of a window was served by the canary',
    });
    expect(windows).toHaveLength(3);
    for (const { from, to } of windows) {
      expect(from).toBeGreaterThanOrEqual(SINCE);
      expect(to - from).toBe(poll);
    }
    expect(waits).toEqual(windows.map(({ to }) => (to + 1) * 1000));
  });

  it.each([
    [7, 'the canary still served 7 of 107 requests of the last window'],
    [null, 'the last window cannot tell (no answer)'],
  ])('is not verified while a window shows %s requests, and at last it is said', async (canary, detail) => {
    const { event, windows } = await verified([canary]);
    expect(event).toMatchObject({ outcome: 'not-back', detail });
    const [first] = windows;
    expect((windows.at(-1)?.to ?? 0) - (first?.to ?? 0)).toBeLessThanOrEqual(Math.max(600, 2 * poll));
    expect(windows.length).toBeGreaterThan(2);
  });

  it('is left alone once the next rollout of the flag has begun', async () => {
    const { event, windows } = await verified([5], ['a-2']);
    expect(event).toMatchObject({ outcome: 'superseded' });
    expect(windows).toEqual([]);
  });
});
