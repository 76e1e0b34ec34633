import type { Plan } from '../plans/plan.ts';
import type { Warn } from '../plans/review/context.ts';
import { assumedService } from './assumed.ts';
import { planDuration } from './bake-time.ts';
import type { Detection, Outlook } from './outlook.ts';
import { differenceText, timeText } from './stage-findings.ts';
import { bakeTimeToFind, namedDifferences, planStages, type StageOutlook } from './stage-outlook.ts';

/** Something that a threshold names and that a stage is too short to see. */
export interface Unseen {
  metric: string;
  /** `0.5 pp (the hard margin)`. */
  what: string;
  of: Detection['of'];
  /** Until half of the rollouts have found it; null: no time that people wait. */
  seconds: number | null;
  /** The bake time within which most rollouts find it, as people write one; null: none. */
  bake: number | null;
}

/** What the thresholds of a stage name and half of the rollouts do not find within its bake time. */
export function unseenIn({ bake, metrics }: StageOutlook): Unseen[] {
  return metrics.flatMap((metric) => {
    if (metric.kind === 'not-planned') return [];
    return namedDifferences(metric.mean)
      .filter((named) => named.kind !== 'found' || named.seconds > bake)
      .map((named) => unseen(named, metric.metric, metric.mean));
  });
}

function unseen(named: Detection, metric: string, outlook: Outlook): Unseen {
  return {
    metric,
    what: differenceText(named, outlook),
    of: named.of,
    seconds: named.kind === 'found' ? named.seconds : null,
    bake: bakeTimeToFind(named),
  };
}

/** One line for what a stage does not see. */
export function unseenText(all: readonly Unseen[]): string {
  const after = ({ seconds }: Unseen) =>
    seconds === null ? 'in no time that people wait' : `after ${timeText(seconds)}`;
  return all.map((one) => `${one.metric} ${one.what} ${after(one)}`).join('; ');
}

/** Risks of a plan at so many requests per second of both cohorts together. */
export function trafficRisks(
  plan: Plan,
  { requestsPerSecond, warn }: { requestsPerSecond: number; warn: Warn },
): void {
  planStages(assumedService(plan, requestsPerSecond)).forEach((stage, index) => {
    const all = unseenIn(stage);
    if (all.length === 0) return;
    const times = all.map(({ bake }) => bake);
    const longest = Math.max(0, ...times.filter((time) => time !== null));
    const message = `at ${requestsPerSecond} requests/s ${planDuration(stage.bake)} is too short here; half of the rollouts see ${unseenText(all)}`;
    const longer = longest > stage.bake ? [`bake: ${planDuration(longest)}`] : [];
    const instead = [...longer, 'more percent', 'wider margins'].join(', or ');
    warn(['stages', index, 'name'], { rule: 'PLAN-UNSEEN', message, instead });
  });
}
