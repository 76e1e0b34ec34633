import { leastTime } from '../least-time.ts';
import type { Limit } from '../limit.ts';
import type { Plan } from '../plan.ts';
import { planInStage } from '../shadow.ts';
import { durationText } from '../units.ts';
import type { Warn } from './context.ts';

/**
 * Limits that a stage can be over before. How long a value was above is counted in each stage anew, of the whole as of a slice
 * alone: the canary of the next one is another one.
 */
export function limitRisks(plan: Plan, warn: Warn): void {
  plan.limits.forEach((limit, index) => {
    const short = plan.stages.filter(
      (stage, at) => isJudged(plan, { limit, at }) && leastTime(stage) < limit.for,
    );
    if (short.length === 0) return;
    const names = short.map(({ name }) => name).join(', ');
    const least = durationText(Math.min(...short.map(leastTime)));
    const which = short.length === 1 ? `stage ${names} may be over` : `stages ${names} may be over`;
    warn(['limits', index, 'for'], {
      rule: 'PLAN-LIMIT-LATE',
      message: `${which} after ${least}, and "${limit.name}" takes ${durationText(limit.for)}: there it decides nothing`,
      instead: `\`for: ${least}\` or less, or a longer \`bake\``,
    });
  });
}

/** A limit on a metric is judged in the stages that read it. */
function isJudged(plan: Plan, { limit, at }: { limit: Limit; at: number }): boolean {
  const { metrics, limits, stages } = planInStage(plan, at);
  if (stages[at]?.decommission !== undefined || !limits.some(({ name }) => name === limit.name)) return false;
  return limit.metric === undefined || metrics.some(({ name }) => name === limit.metric);
}
