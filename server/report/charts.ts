import { quantileName } from '../../plans/comparison-cells.ts';
import type { MetricSeries, Report } from '../../plans/report.ts';
import { duration, latency, plain, rate } from '../../plans/words.ts';
import { type Chart, chartSvg } from './chart.ts';

/** A chart in both sizes: drawn for a wide page and for a telephone, so that its text is readable on either. */
export interface Drawn {
  title: string;
  legend: { kind: string; text: string }[];
  wide: string;
  narrow: string;
}

const WIDE = { width: 860, height: 250 };
const NARROW = { width: 330, height: 210 };
/** Evidence far beyond what a stop needs tells no more. */
const ENOUGH = 3;

/** Each metric of both cohorts, and the evidence, over the time of a rollout. */
export function drawCharts(
  { metrics, evidence }: Pick<Report, 'metrics' | 'evidence'>,
  frame: Frame,
): Drawn[] {
  const drawn = metrics.flatMap((series) => {
    const seen = series.points.some(({ baseline, canary }) => baseline !== null || canary !== null);
    return seen ? [drawMetric(frame, series)] : [];
  });
  return [...drawn, ...drawEvidence(frame, evidence)];
}

function drawMetric(frame: Frame, { metric, kind, quantile, points }: MetricSeries): Drawn {
  const title = quantile === null ? metric : `${metric} ${quantileName(quantile)}`;
  const lines = (['soft', 'hard', 'baseline', 'canary'] as const).map((name) => ({
    kind: name,
    values: points.map((point) => point[name]),
  }));
  const has = (name: 'soft' | 'hard') => points.some((point) => point[name] !== null);
  return draw(
    {
      ...frame,
      label: `${title} of baseline and canary over time`,
      t: points.map(({ t }) => t),
      lines,
      fromZero: kind === 'ratio' || kind === 'latency',
      amount: kind === 'ratio' ? rate : kind === 'latency' ? latency : plain,
    },
    {
      title,
      legend: [
        { kind: 'baseline', text: 'baseline' },
        { kind: 'canary', text: 'canary' },
        ...(has('soft') ? [{ kind: 'soft', text: 'soft margin' }] : []),
        ...(has('hard') ? [{ kind: 'hard', text: 'hard margin' }] : []),
      ],
    },
  );
}

function drawEvidence(frame: Frame, { threshold, points }: Report['evidence']): Drawn[] {
  if (points.every(({ lnE }) => lnE === null)) return [];
  const within = (lnE: number | null) =>
    lnE === null ? null : Math.min(ENOUGH * threshold, Math.max(-threshold, lnE));
  const drawn = draw(
    {
      ...frame,
      label: 'evidence against the canary over time, and what a stop needs',
      t: points.map(({ t }) => t),
      lines: [
        { kind: 'threshold', values: points.map(() => threshold) },
        { kind: 'evidence', values: points.map(({ lnE }) => within(lnE)) },
      ],
      fromZero: true,
      amount: plain,
    },
    {
      title: 'evidence against the canary (ln E)',
      legend: [
        { kind: 'evidence', text: 'ln E of all metrics' },
        { kind: 'threshold', text: `a stop needs ${plain(threshold)}` },
      ],
    },
  );
  return [drawn];
}

/** What all charts of a rollout share. */
export type Frame = Pick<Chart, 'stages' | 'stop' | 'time'>;

export function frameOf({ stages, stop, startedAt }: Report): Frame {
  const since = (at: number) => (at - (startedAt ?? at)) / 1000;
  return {
    stages: stages.map(({ from, stage }) => ({ t: since(from), name: stage })),
    stop: stop === null ? null : { t: since(stop.at), name: 'stop' },
    time: duration,
  };
}

function draw(chart: Chart, { title, legend }: Pick<Drawn, 'title' | 'legend'>): Drawn {
  return { title, legend, wide: chartSvg(chart, WIDE), narrow: chartSvg(chart, NARROW) };
}
