import { Failure, isFailure } from '../plans/failures.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import { ListReply, StatusReply } from '../server/api.ts';
import type { ApiClient } from './api-client.ts';

/**
 * Which rollout a person means by an id, a plan's name or a flag's key: the active one, else the latest. Two
 * active ones (of two environments, say) are ambiguous and are named.
 */
export function choose(reference: string, rollouts: readonly RolloutView[]): RolloutView {
  const exact = rollouts.find((view) => view.id === reference);
  if (exact !== undefined) return exact;
  const named = rollouts.filter((view) => view.name === reference || view.flag === reference);
  const active = named.filter((view) => !ENDED.includes(view.phase));
  if (active.length > 1) {
    throw new Failure('USAGE', `${reference} has ${active.length} active rollouts: name one by its id.`, {
      details: active.map((view) => `${view.id} (${view.environment})`),
    });
  }
  const chosen = active[0] ?? named.toSorted((a, b) => b.submittedAt - a.submittedAt)[0];
  if (chosen === undefined) {
    throw new Failure('ROLLOUT_UNKNOWN', `There is no rollout, plan or flag named ${reference}.`);
  }
  return chosen;
}

/** The id of the rollout that `reference` means. */
export async function rolloutId(api: ApiClient, reference: string): Promise<string> {
  try {
    return (await api.get(`/rollouts/${encodeURIComponent(reference)}`, StatusReply)).view.id;
  } catch (error) {
    if (!isFailure(error) || error.code !== 'ROLLOUT_UNKNOWN') throw error;
  }
  const { rollouts } = await api.get(
    `/rollouts?limit=1000&q=${encodeURIComponent(reference.slice(0, 200))}`,
    ListReply,
  );
  return choose(reference, rollouts).id;
}
