import { drilldown } from '../analysis/drilldown.ts';
import { isFailure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import { planSlices, sliceOf } from '../plans/slices.ts';
import type { ExplainRequest } from '../rollout/command.ts';
import type { RolloutEvent } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';

/**
 * Searches the labels of a plan for where a metric moved. It only reads, and a source that is away is an answer: what
 * was to be explained has been carried out already.
 */
export function createExplainActivity({ source, log }: Pick<ActivityParts, 'source' | 'log'>) {
  return {
    async explain({ of, rolloutId, plan, origin, inquiry }: ExplainRequest): Promise<RolloutEvent> {
      const no = (detail: string): RolloutEvent => ({ kind: 'unexplained', of, detail });
      const metric = plan.metrics.find(({ name }) => name === inquiry.metric);
      if (metric === undefined) return no(`the plan has no ${inquiry.metric} any more`);
      const { replicas, prometheus } = plan.source;
      const { edge, counted, G, baselineG = G, assumed, slice } = inquiry;
      const own = [...metric.breakdown, replicas];
      try {
        const breakdown = await source(prometheus).breakdown({
          plan,
          metric: metric.name,
          labels: [...own, ...sliceLabels(plan)],
          from: origin / 1000 + inquiry.from,
          to: origin / 1000 + inquiry.to,
          ...(edge === null ? {} : { edge }),
          ...(slice === undefined ? {} : { within: sliceOf(slice) }),
        });
        if (breakdown.used === 0) return no('none of the windows could be read again');
        const timezone = plan.windows?.timezone ?? 'UTC';
        const how = { counted, edge, replicas, G, baselineG, assumed, timezone, poll: plan.source.poll };
        const known = breakdown.dimensions.filter(
          ({ label, values }) => own.includes(label) || values.some(({ value }) => value !== ''),
        );
        const explanation = drilldown({ ...breakdown, dimensions: known }, { metric, ...how });
        const sentence =
          slice === undefined ? explanation.sentence : `within ${slice}, ${explanation.sentence}`;
        const { queries } = breakdown;
        return { kind: 'explained', of, explanation: { ...explanation, sentence }, queries: [...queries] };
      } catch (error) {
        if (!isFailure(error)) throw error;
        log.warn({ rolloutId, error: error.message }, 'not explained');
        return no(error.message);
      }
    },
  };
}

/** The plan's slices are places too, where the series of a metric have their labels. */
function sliceLabels(plan: Plan): string[] {
  return planSlices(plan).map((slice) => sliceOf(slice).label);
}
