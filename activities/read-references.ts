import type { GateRequest } from '../rollout/command.ts';
import type { GateMemory } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';

/** The memory with what repositories reported of the flag, in a stage that ends with that. Where it cannot be read, it stays. */
export async function withReferences(
  parts: ActivityParts,
  { plan, stage }: GateRequest,
  memory: GateMemory,
): Promise<GateMemory> {
  if (plan.stages[stage]?.decommission === undefined) return memory;
  try {
    return { ...memory, references: await parts.references(plan.flag.key) };
  } catch (error) {
    parts.log.warn({ err: error, flag: plan.flag.key }, 'cannot read what names the flag');
    return { ...memory, references: memory.references ?? 'unread' };
  }
}
