import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backfilled, type PastSeries, startBackfilled } from '../test/fixtures/backfilled.ts';
import { Config } from './config.ts';
import { preflight } from './preflight.ts';

const STEP = 30;
const HOURS = 30;
/** Of every scrape since the past began, the canary of two deployments was there in these. */
const RAMPED = { from: 2 * 120, to: 4 * 120 };

let past: Backfilled;
beforeAll(async () => {
  const end = Math.floor(Date.now() / 1000 / STEP) * STEP;
  const times = Array.from({ length: (HOURS * 3600) / STEP }, (_, i) => end - HOURS * 3600 + (i + 1) * STEP);
  const counters = (labels: Record<string, string>, at: readonly number[] = times): PastSeries[] => [
    { name: 'requests_total', labels, values: at.map((_, i) => 100 * i), times: at },
    { name: 'errors_total', labels, values: at.map((_, i) => i), times: at },
  ];
  const hour = times.slice(RAMPED.from, RAMPED.to);
  past = await startBackfilled({
    times,
    series: [
      ...Array.from({ length: 8 }, (_, i) => counters({ deployment: 'stable', instance: `s${i}` })).flat(),
      // One pod after the other: never two at once.
      ...counters({ deployment: 'canary', instance: 'c1' }, hour.slice(0, 100)),
      ...counters({ deployment: 'canary', instance: 'c2' }, hour.slice(140)),
      // Both paths in the same processes.
      ...['off', 'on'].flatMap((variant) =>
        ['p1', 'p2', 'p3'].flatMap((instance) => counters({ service: 'shop', variant, instance })),
      ),
      ...counters({ service: 'nameless', variant: 'off', instance: 'n1' }),
      ...counters({ service: 'nameless', variant: 'off', zone: 'b' }),
    ],
  });
}, 120_000);
afterAll(() => past.close());

async function told(more: { service?: string; cohorts?: object; days?: number }): Promise<string[]> {
  const { service, cohorts, days = 2 } = more;
  const of = service === undefined ? '' : `{service="${service}"}`;
  const { findings } = await preflight({
    config: Config.parse({ sources: { default: { url: past.url } } }),
    text: JSON.stringify({
      metadata: { name: 'pricing-v2' },
      flag: { key: 'pricing-v2' },
      source: { poll: '1m', ...(cohorts === undefined ? {} : { cohorts }) },
      metrics: [
        {
          name: 'errors',
          kind: 'ratio',
          bad: `errors_total${of}`,
          total: `requests_total${of}`,
          soft: '+0.1pp',
        },
      ],
      stages: [{ name: '5%', percent: 5, bake: '1d' }],
    }),
    file: 'plan.json',
    days,
    fireTest: false,
    now: Date.now() / 1000,
    served: async () => null,
    progress: () => undefined,
  });
  return findings
    .filter(({ where, severity }) => where === 'instance' && severity === 'warning')
    .map(({ message }) => message);
}

const deployments = { baseline: 'deployment="stable"', canary: 'deployment="canary"' };

describe('a preflight on a real Prometheus', () => {
  test('warns where the canary never ran on two instances at once', async () => {
    expect(await told({ cohorts: deployments })).toEqual([
      expect.stringMatching(
        /^in the last 2 days the canary ran on one instance at most, the baseline runs on 8/,
      ),
    ]);
  });

  test('knows no canary that is older than the days it reads, and says nothing of it', async () => {
    expect(await told({ cohorts: deployments, days: 1 })).toEqual([]);
  });

  test('counts the processes of both cohorts where they are the same', async () => {
    expect(await told({ service: 'shop' })).toEqual([]);
  });

  test('says where series name no instance', async () => {
    expect(await told({ service: 'nameless' })).toEqual([
      expect.stringMatching(/^1 series of the baseline name no instance/),
    ]);
  });
});
