import type { Metric } from '../plans/metric.ts';
import { isCompared, tested } from './margins.ts';
import { type ProspectOf, prospectOf } from './metric-prospects.ts';
import { lnAverage, lnStage } from './prospect.ts';
import type { Stake } from './ruler.ts';
import { stageFrame } from './stage.ts';

/**
 * The stake that a metric's evidence will begin a stage with, if the stages before it took their planned time and the canary
 * was as good as the baseline in them: what such stages lose is no longer there.
 */
export function expectedStake(metric: Metric, of: ProspectOf): Stake {
  const { plan, frame } = of;
  const { rule, stakes } = frame.ruler;
  if (rule === 'even') return stakes.even;
  let purse = 1;
  plan.stages.slice(0, frame.index).forEach((stage, index) => {
    if (isCompared(stage)) purse *= keptOf(metric, { ...of, frame: stageFrame(plan, index) });
  });
  return { ...stakes.carried, share: stakes.carried.share * purse };
}

/** What is left of the purse after a stage of which nothing is found. */
function keptOf(metric: Metric, of: ProspectOf): number {
  const { plan, frame } = of;
  const prospect = prospectOf(metric, of);
  if (typeof prospect === 'string') return 1;
  const margin = tested(prospect.margins);
  const polls = Math.floor((plan.stages[frame.index]?.bake ?? 0) / plan.source.poll);
  if (margin === null || polls < Math.max(1, prospect.silent)) return 1;
  const courses = prospect.against(0, margin);
  const lnE = lnAverage(courses, (course) => lnStage((age) => course(age, 0), frame.ruler, polls));
  return Math.min(1, Math.exp(lnE));
}
