import type { MetricSource } from '../metrics/source.ts';
import { planInStage } from '../plans/shadow.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateMemory } from '../rollout/event.ts';
import { beginGate, edgesUnderTest, observeWindow, usableMemory } from '../rollout/watching.ts';

/** Windows of the stage before that are read again at most, the latest ones: an hour at 15 s. */
const MOST_WINDOWS = 240;

/**
 * The memory with which the gate of a new stage begins. The last gate handed over what it knew when it last had
 * something to say; what it saw after that, while people made up their minds, is read again, as a past window always
 * reads the same. Evidence against a rollout must not be lost to a long wait for an approval.
 */
export async function handedOver(source: MetricSource, request: GateRequest): Promise<GateMemory> {
  const { plan, stageSince, origin } = request;
  const known = usableMemory(request.memory, request.plan);
  const stageIndex = plan.stages.findIndex(({ name }) => name === known?.evidence.stage);
  const stage = plan.stages[stageIndex];
  if (known === null || stage === undefined || known.since === stageSince) return beginGate(request);
  const { poll } = plan.source;
  const before: GateRequest = { ...request, stage: stageIndex, stageSince: known.since };
  const end = Math.floor(stageSince / 1000 / poll) * poll;
  let memory = known;
  for (let to = Math.max(known.cursor, end - MOST_WINDOWS * poll) + poll; to <= end + 1e-6; to += poll) {
    const reading = await source.read({
      plan: planInStage(plan, stageIndex),
      stage: stage.name,
      from: to - poll,
      to,
      origin: origin / 1000,
      edges: edgesUnderTest(memory),
    });
    // The gate itself waits for a source that is away; here it would hold up the new stage's first look.
    if (reading.kind === 'rejected' && reading.rejections.some(({ kind }) => kind === 'source-down')) break;
    memory = observeWindow(memory, before, { reading, to });
  }
  return beginGate({ ...request, memory });
}
