import type { Plan } from '../plans/plan.ts';
import { stageShare } from '../plans/stages.ts';
import { comparedStages, isCompared } from './margins.ts';
import type { Ruler } from './ruler.ts';

/** A share of the traffic below this is weighted as this one. */
const LEAST = 0.001;
/** Between an even split and the root of the time that a stage needs to win a constant back; see docs/decisions/0011. */
const POWER = 0.4;
/** Of a stake what the stage's start has, where the canary has half of the traffic, and what more it has where it has none. */
const START = 0.5;
const SMALL = 0.25;
/**
 * Restarts in a stage up to which it is short, and from which it is long. A short one gives most of what it was lent back, a long one
 * loses it and spends its time in the middle: the more a small canary is given there, the less is left for marks and later stages.
 */
const SHORT = 12;
const LONG = 288;

/**
 * What of the evidence a stage begins with. `even`: all stages the same. `carried`: its part of what the compared stages from
 * this one on are to have, more where the canary is small: there a constant takes long to be won back, and marks a few
 * minutes apart say nearly what the start says. It depends on the plan alone.
 */
export function stakesOf(plan: Plan, index: number): Pick<Ruler, 'rule' | 'stakes'> {
  const later = plan.stages.flatMap((stage, i) =>
    i > index && isCompared(stage) ? [weightOf(plan, i)] : [],
  );
  const own = weightOf(plan, index);
  return {
    // A plan that was stored before the word existed has none.
    rule: plan.analysis.stageWeights === 'carried' ? 'carried' : 'even',
    stakes: {
      even: { share: 1 / comparedStages(plan), start: START },
      carried: {
        share: own / later.reduce((sum, weight) => sum + weight, own),
        start: START + SMALL * shortness(plan, index) * (1 - 2 * stageShare(plan, index)) ** 4,
      },
    },
  };
}

/** 1 where the canary has half of the traffic. */
function weightOf(plan: Plan, index: number): number {
  const share = Math.max(LEAST, Math.min(1 - LEAST, stageShare(plan, index)));
  return (4 * share * (1 - share)) ** (-POWER * shortness(plan, index));
}

/** 1 of a short stage, 0 of a long one, by the logarithm of its planned time in between. */
function shortness({ stages, analysis }: Plan, index: number): number {
  const restarts = (stages[index]?.bake ?? 0) / analysis.restart;
  const length = Math.log(Math.max(SHORT, restarts) / SHORT) / Math.log(LONG / SHORT);
  return Math.max(0, 1 - length);
}
