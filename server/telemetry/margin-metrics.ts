import type { Metric } from '../../plans/metric.ts';
import { stageMetric } from '../../plans/stages.ts';
import type { Margin } from '../../plans/units.ts';
import type { ActiveFigures } from '../../store/figures.ts';

/** One margin that holds in the present stage, as the labels and the value of its series. */
export interface MarginSeries {
  metric: string;
  margin: 'soft' | 'hard';
  direction: Margin['direction'];
  /** `absolute`: in the metric's own unit. `ratio`: a share of the baseline. Of both the smaller one holds. */
  unit: 'absolute' | 'ratio';
  value: number;
}

/**
 * The margins of the stage that runs: its own, else the metric's, with what people have accepted in place of the soft one. What is
 * accepted of a latency is a share of requests above an edge and no time: there the written margin is told.
 */
export function marginSeries({ plan, accepted }: Pick<ActiveFigures, 'plan' | 'accepted'>): MarginSeries[] {
  if (plan.stages.length === 0) return [];
  return plan.metrics.flatMap((metric) => {
    const { soft, hard } = stageMetric(plan, 0, metric.name);
    return [
      ...parts({ metric: metric.name, margin: 'soft' }, asAccepted(metric, soft, accepted[metric.name])),
      ...parts({ metric: metric.name, margin: 'hard' }, hard),
    ];
  });
}

function asAccepted(metric: Metric, soft: Margin | null, accepted: number | undefined): Margin | null {
  if (soft === null || accepted === undefined || metric.kind === 'latency') return soft;
  return { ...soft, absolute: Math.abs(accepted), relative: null };
}

function parts(of: Pick<MarginSeries, 'metric' | 'margin'>, margin: Margin | null): MarginSeries[] {
  if (margin === null) return [];
  const { direction, absolute, relative } = margin;
  return [
    ...(absolute === null ? [] : [{ ...of, direction, unit: 'absolute' as const, value: absolute }]),
    ...(relative === null ? [] : [{ ...of, direction, unit: 'ratio' as const, value: relative }]),
  ];
}
