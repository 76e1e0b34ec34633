import { partName } from '../plans/slices.ts';
import { yardsticksOf } from './metric-findings.ts';
import { evidenceOf } from './process-evidence.ts';
import type { Replay, Visit } from './replay.ts';
import { sliceContext } from './slices.ts';

/**
 * When what stands against a metric began: the start, in seconds since the rollout began, of the first window of the
 * component that carries its evidence. Null: no evidence, or that component is no longer followed.
 */
export function onsetOf(
  replay: Replay,
  visit: Visit,
  of: { metric: string; slice: string | null },
): number | null {
  const { evidence, plan } = visit;
  const known = (of.slice === null ? evidence : evidence.slices[of.slice])?.metrics[of.metric];
  if (known === undefined) return null;
  const at = { plan, context: visit.context, metric: of.metric };
  const context = of.slice === null ? visit.context : sliceContext(evidence, { ...at, slice: of.slice });
  const { carrier } = evidenceOf(known.process, yardsticksOf(known, { ...at, context }));
  if (carrier === null) return null;
  const start = known.process.clock - carrier.age;
  if (!known.process.live.some((component) => component.start === start)) return null;
  const first = replay.windowAt(partName(of), start + 1);
  return first === null ? null : first - plan.source.poll;
}
