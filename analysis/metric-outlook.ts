import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { isOfShadow } from '../plans/shadow.ts';
import { stageMax } from '../plans/stages.ts';
import { expectedStake } from './expected-stake.ts';
import { type ProspectOf, prospectOf } from './metric-prospects.ts';
import { type Outlook, outlookOf } from './outlook.ts';
import type { Profile } from './profile.ts';
import type { StageFrame } from './stage.ts';
import type { Traffic } from './traffic.ts';

export type MetricOutlook =
  | { kind: 'planned'; metric: string; mean: Outlook; quietest: Outlook | null }
  | { kind: 'not-planned'; metric: string; why: string };

export interface MetricAt extends Pick<ProspectOf, 'profile' | 'fallback'> {
  plan: Plan;
  frame: StageFrame;
  /** The share of the evidence. */
  weight: number;
  /** Of the metric, both cohorts together; a gauge needs none. */
  traffic: Traffic | undefined;
}

/** What one metric can show in one stage, of the whole traffic or of a slice. */
export function metricOutlook(metric: Metric, at: MetricAt): MetricOutlook {
  const { plan, frame, profile, traffic } = at;
  const { name } = metric;
  const { poll } = plan.source;
  const { ruler } = frame;
  const { falseRollback, falsePromote } = plan.analysis;
  const asked = plan.stages[frame.index]?.promote?.proof;
  if (isOfShadow(metric))
    return { kind: 'not-planned', metric: name, why: 'nothing runs behind the old path before the rollout' };
  const outlookAt = (perHour: number): Outlook | string => {
    const of = { ...at, trials: (perHour * poll) / 3600 };
    const prospect = prospectOf(metric, of);
    if (typeof prospect === 'string') return prospect;
    return outlookOf({
      prospect,
      ruler: { ...ruler, stakes: { ...ruler.stakes, [ruler.rule]: expectedStake(metric, of) } },
      poll,
      bake: plan.stages[frame.index]?.bake ?? 0,
      max: stageMax(plan, frame.index),
      weight: at.weight,
      falseRollback,
      falsePromote,
      unit: UNITS[metric.kind],
      // A latency and a value are proven at their own margin.
      proof: asked === undefined ? null : metric.kind === 'ratio' ? asked : 'own',
      rates: ratesOf(metric, profile, frame),
    });
  };
  const served = traffic !== undefined && traffic.perHour > 0;
  const mean = outlookAt(metric.kind === 'gauge' ? 0 : served ? traffic.perHour : 1);
  if (typeof mean === 'string') return { kind: 'not-planned', metric: name, why: mean };
  if (metric.kind === 'gauge') return { kind: 'planned', metric: name, mean, quietest: null };
  if (!served) return { kind: 'not-planned', metric: name, why: 'the baseline had no requests of it' };
  const { quietest } = traffic;
  const quiet = quietest === null || !(quietest.perHour > 0) ? null : outlookAt(quietest.perHour);
  return {
    kind: 'planned',
    metric: name,
    mean,
    quietest: quiet === null || typeof quiet === 'string' ? null : quiet,
  };
}

const UNITS = { ratio: 'rate', latency: 'slowdown', mean: 'share', gauge: 'share' } as const satisfies Record<
  Metric['kind'],
  Outlook['unit']
>;

function ratesOf(metric: Metric, profile: Pick<Profile, 'metrics'>, { share }: StageFrame) {
  const known = profile.metrics[metric.name];
  return known?.kind === 'ratio' ? { rate: rareRate(known.count), ratio: share / (1 - share) } : null;
}

export function rareRate({ events, total }: { events: number; total: number }): number {
  return Math.min(events / total, 1 - events / total);
}
