import { describe, expect, test } from 'vitest';
import type { BreakdownRequest } from '../metrics/source.ts';
import type { CohortCounts, Dimension } from '../plans/breakdown.ts';
import { Plan } from '../plans/plan.ts';
import { createExplainActivity } from './explain.ts';
import type { ActivityParts } from './parts.ts';

const plan = Plan.parse({
  metadata: { name: 'p' },
  flag: { key: 'p' },
  windows: { timezone: 'Asia/Tokyo' },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', breakdown: ['endpoint'] },
    { name: 'memory', kind: 'gauge', gauge: 'bytes', soft: '+20%', breakdown: ['endpoint'] },
  ],
  stages: [{ name: '5%', percent: 5 }],
  coverage: [{ slice: 'tier=enterprise' }],
});

function activity(only?: Dimension[]) {
  const asked: BreakdownRequest[] = [];
  const counts: CohortCounts = { canaryEvents: 200, canaryTotal: 2, baselineEvents: 100, baselineTotal: 2 };
  const source = {
    async breakdown(request: BreakdownRequest) {
      asked.push(request);
      const used = Math.floor((request.to - request.from) / 15);
      const times = Array.from({ length: used }, (_, i) => request.to - 15 * i);
      const windows = times.map((_, i) => ({ ...counts, canaryEvents: 200 + (i % 3) }));
      const valueOf = (label: string) => (label === 'tier' ? '' : 'one');
      const dimensions =
        only ??
        request.labels.map((label) => ({
          label,
          values: [{ value: valueOf(label), windows }],
        }));
      return { from: request.from, to: request.to, used, rejected: 0, times, dimensions, queries: ['q'] };
    },
  };
  const parts = { source: () => source, log: { warn: () => undefined } } as unknown as ActivityParts;
  const { explain } = createExplainActivity(parts);
  const ask = (inquiry: object) =>
    explain({
      of: 7,
      rolloutId: 'p-1',
      plan,
      origin: Date.UTC(2026, 0, 1, 2, 30),
      inquiry: {
        metric: 'memory',
        from: 0,
        to: 3600,
        counted: 'bad',
        edge: null,
        G: 0,
        assumed: false,
        ...inquiry,
      },
    });
  return { asked, ask };
}

describe('where a metric moved', () => {
  test('is searched by its own labels, those of the slices, the instances and the hours of the plan', async () => {
    const { asked, ask } = activity();
    const event = await ask({ values: true });
    expect(asked[0]?.labels).toEqual(['endpoint', plan.source.replicas, 'tier']);
    if (event.kind !== 'explained') throw new Error(event.kind);
    const { explanation } = event;
    expect(explanation).toMatchObject({ metric: 'memory', of: 'values' });
    // What the series of this metric do not tell apart is no finding.
    expect(explanation.dimensions.map(({ label }) => label)).not.toContain('tier');
    const hours = explanation.dimensions.find(({ kind }) => kind === 'hours');
    // 02:30 UTC is 11:30 in Tokyo.
    expect(hours?.values.map(({ value }) => value).toSorted()).toEqual(['11:00', '12:00']);
    expect(explanation.sentence).toContain('the canary has one instance');
  });

  test('holds instances apart by what the baseline differs by, and by G where an older version asked', async () => {
    const window = (canaryEvents: number, baselineEvents = 0) => ({
      canaryEvents,
      canaryTotal: baselineEvents > 0 ? 0 : 200,
      baselineEvents,
      baselineTotal: baselineEvents > 0 ? 2000 : 0,
    });
    const values = [
      { value: 'c1', windows: [window(30), window(30)] },
      { value: 'c2', windows: [window(1), window(1)] },
      { value: 'b1', windows: [window(0, 10), window(0, 10)] },
    ];
    const { ask } = activity([{ label: plan.source.replicas, values }]);
    const told = async (more: object) => {
      const event = await ask({ metric: 'errors', to: 30, G: 5, ...more });
      return event.kind === 'explained' ? event.explanation.instances : event;
    };
    expect(await told({ baselineG: 0.01 })).toEqual({ kind: 'instances', names: ['c1'], others: 1 });
    expect(await told({})).toMatchObject({ kind: 'open' });
  });

  test('of a metric that an amendment has taken away is not searched', async () => {
    const { ask } = activity();
    expect(await ask({ metric: 'gone' })).toEqual({
      kind: 'unexplained',
      of: 7,
      detail: 'the plan has no gone any more',
    });
  });
});
