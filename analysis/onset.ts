import type { Plan } from '../plans/plan.ts';
import { yardsticksOf } from './metric-findings.ts';
import { evidenceOf } from './process.ts';
import type { Replay, Visit } from './replay.ts';
import { stageFrame } from './stage.ts';

/**
 * When what stands against a metric began: the start, in seconds since the rollout began, of the first window of the
 * component that carries its evidence. Null: no evidence, or that component is no longer followed.
 */
export function onsetOf(replay: Replay, visit: Visit, name: string): number | null {
  const plan: Plan = replay.plan;
  const known = visit.evidence.metrics[name];
  const metric = plan.metrics.find((one) => one.name === name);
  if (known === undefined || metric === undefined) return null;
  const look = { plan, frame: stageFrame(plan, visit.stageIndex), context: visit.context };
  const { carrier } = evidenceOf(known.process, yardsticksOf(metric, known, look));
  if (carrier === null) return null;
  const start = known.process.clock - carrier.age;
  if (!known.process.live.some((component) => component.start === start)) return null;
  const first = replay.windowAt(name, start + 1);
  return first === null ? null : first - plan.source.poll;
}
