import type { Plan } from '../plans/plan.ts';
import { stageShare } from '../plans/stages.ts';
import { comparedStages, isCompared } from './margins.ts';
import type { Stake } from './ruler.ts';

/** A share below this is weighted as this one. */
const LEAST = 0.001;
const POWER = Number(process.env['POWER'] ?? 0.75);

/** What of the evidence a stage begins with. */
export function stakeOf(plan: Plan, index: number): Stake {
  if (plan.analysis.stageWeights !== 'carried') return { rule: 'even', share: 1 / comparedStages(plan) };
  if (!isCompared(plan.stages[index])) return { rule: 'carried', share: 1 };
  const later = plan.stages.flatMap((stage, i) =>
    i > index && isCompared(stage) ? [weightOf(plan, i)] : [],
  );
  const own = weightOf(plan, index);
  return { rule: 'carried', share: own / later.reduce((sum, weight) => sum + weight, own) };
}

function weightOf(plan: Plan, index: number): number {
  const share = Math.max(LEAST, Math.min(1 - LEAST, stageShare(plan, index)));
  return (share * (1 - share)) ** -POWER;
}
