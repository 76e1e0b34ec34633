import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import type { Excess } from '../plans/report.ts';
import type { LatencyEvidence, RatioEvidence } from './evidence.ts';
import { countAbove, histogramTotal } from './histogram.ts';
import { isCompared } from './margins.ts';
import { countInterval } from './metric-findings.ts';
import type { Visit } from './replay.ts';
import { sliceContext } from './slices.ts';
import { stageFrame } from './stage.ts';

interface Part {
  visit: Visit;
  known: RatioEvidence | LatencyEvidence;
  requests: number;
  events: number;
}

/**
 * Bad events of the canary beyond what the baseline's rate predicts: of each stage the gate's difference times the
 * canary's requests, so it has the gate's interval. The error probability is shared among the stages, so that the sum
 * of their intervals holds at `1 - falseRollback`. Null: a value, a latency without an edge, or nothing was compared.
 */
export function excessOf(
  plan: Plan,
  visits: readonly Visit[],
  { metric, slice }: { metric: Metric; slice: string | null },
): Excess | null {
  if (metric.kind === 'mean' || metric.kind === 'gauge') return null;
  const parts = visits.flatMap((visit) => partOf(visit, { metric, slice }) ?? []);
  const last = parts.at(-1)?.known;
  if (last === undefined) return null;
  const alpha = plan.analysis.falseRollback / parts.length;
  const stages = parts.map(({ visit, known, requests, events }): Excess['stages'][number] => {
    const at = { plan: visit.plan, context: visit.context, metric: metric.name };
    const context = slice === null ? visit.context : sliceContext(visit.evidence, { ...at, slice });
    const look = { plan: visit.plan, frame: stageFrame(visit.plan, visit.stageIndex), context };
    const interval = countInterval(known, look, { metric: metric.name, alpha });
    const { Y, nH } = known.interval;
    return {
      stage: visit.stage,
      visit: visit.visit,
      excess: Math.min((Y / nH) * requests, events),
      // No more can be in excess than there was.
      interval: interval === null ? null : [interval[0] * requests, Math.min(events, interval[1] * requests)],
    };
  });
  const sum = (amounts: readonly number[]) => amounts.reduce((all, one) => all + one, 0);
  const intervals = stages.flatMap(({ interval }) => (interval === null ? [] : [interval]));
  return {
    metric: metric.name,
    slice,
    kind: metric.kind === 'latency' ? 'slow' : metric.good === undefined ? 'bad' : 'lost',
    edge: last.kind === 'latency' ? (last.edges?.[0] ?? null) : null,
    requests: sum(parts.map(({ requests }) => requests)),
    events: sum(parts.map(({ events }) => events)),
    excess: sum(stages.map(({ excess }) => excess)),
    interval:
      intervals.length < parts.length
        ? null
        : [sum(intervals.map(([low]) => low)), sum(intervals.map(([, high]) => high))],
    stages,
    users: null,
  };
}

/** How many of `users` an excess hit at least once, if it hit them at random. */
export function usersHit(excess: number, users: number): number {
  return users > 0 && excess > 0 ? users * (1 - Math.exp(-excess / users)) : 0;
}

function partOf(visit: Visit, { metric, slice }: { metric: Metric; slice: string | null }): Part | null {
  const { evidence } = visit;
  const known = (slice === null ? evidence : evidence.slices[slice])?.metrics[metric.name];
  if (known === undefined || known.kind === 'value' || !isCompared(visit.plan.stages[visit.stageIndex]))
    return null;
  if (!(known.interval.nH > 0)) return null;
  if (known.kind === 'ratio')
    return { visit, known, requests: known.canary.total, events: known.canary.events };
  const edge = known.edges?.[0];
  if (edge === undefined || known.canary === null) return null;
  return { visit, known, requests: histogramTotal(known.canary), events: countAbove(known.canary, edge) };
}
