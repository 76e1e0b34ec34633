import type { EvidenceSeries, MetricSeries } from '../../../plans/report.ts';
import type { Drawing } from './chart.tsx';

type Text = (value: number) => string;
interface How {
  /** Milliseconds since 1970 at which `t` is 0. */
  start: number;
  text: Text;
}

type Value = number | null;

/** Both cohorts with their bands, and what the new path may be. */
export function valueDrawing({ points }: MetricSeries, { start, text }: How): Drawing {
  const of = (pick: (point: MetricSeries['points'][number]) => Value) => points.map(pick);
  return {
    x: points.map(({ t }) => start / 1000 + t),
    text,
    fromZero: true,
    lines: [
      { label: 'old path', look: 'baseline', values: of(({ baseline }) => baseline) },
      { label: 'new path', look: 'canary', values: of(({ canary }) => canary) },
      ...bounds(
        of(({ soft }) => soft),
        of(({ hard }) => hard),
      ),
    ],
    bands: [
      {
        look: 'baseline',
        low: of(({ baselineBand }) => baselineBand?.[0] ?? null),
        high: of(({ baselineBand }) => baselineBand?.[1] ?? null),
      },
      {
        look: 'canary',
        low: of(({ canaryBand }) => canaryBand?.[0] ?? null),
        high: of(({ canaryBand }) => canaryBand?.[1] ?? null),
      },
    ],
  };
}

/** What the gate judges; null: it never compared this metric. */
export function differenceDrawing({ points }: MetricSeries, { start, text }: How): Drawing | null {
  const known = points.filter(({ difference }) => difference !== null);
  if (!known.some(({ difference }) => difference?.interval != null)) return null;
  const of = (pick: (difference: NonNullable<MetricSeries['points'][number]['difference']>) => Value) =>
    known.map(({ difference }) => (difference === null ? null : pick(difference)));
  return {
    x: known.map(({ t }) => start / 1000 + t),
    text,
    fromZero: false,
    lines: [
      { label: 'difference', look: 'canary', values: of(({ estimate }) => estimate) },
      ...bounds(
        of(({ soft }) => soft),
        of(({ hard }) => hard),
      ),
    ],
    bands: [
      {
        look: 'canary',
        low: of(({ interval }) => interval?.[0] ?? null),
        high: of(({ interval }) => interval?.[1] ?? null),
      },
    ],
  };
}

/** As a share of what a stop needs. */
export function evidenceDrawing({ points, threshold }: EvidenceSeries, start: number): Drawing {
  return {
    x: points.map(({ t }) => start / 1000 + t),
    text: (value) => `${Math.round(value * 100)} %`,
    fromZero: true,
    lines: [
      {
        label: 'evidence',
        look: 'canary',
        values: points.map(({ lnE }) => (lnE === null ? null : Math.max(0, lnE / threshold))),
      },
      { label: 'stop', look: 'hard', values: points.map(() => 1) },
    ],
    bands: [],
  };
}

function bounds(soft: Value[], hard: Value[]): Drawing['lines'] {
  return [
    ...(soft.some((value) => value !== null)
      ? [{ label: 'soft limit', look: 'soft' as const, values: soft }]
      : []),
    ...(hard.some((value) => value !== null)
      ? [{ label: 'hard limit', look: 'hard' as const, values: hard }]
      : []),
  ];
}
