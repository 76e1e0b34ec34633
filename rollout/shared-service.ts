import type { RolloutState } from './state.ts';

/** How long the answer to "which other rollouts of the service are active" may be trusted, in milliseconds. */
const PEERS_FRESH = 15_000;

/** The same for people alone, while something else holds the rollout as well. */
const PEERS_SHOWN = 300_000;

/** When the peers are to be read again though something else holds the rollout as well; null: they hold nothing. */
export function peersBesideDue(state: RolloutState): number | null {
  const { peersAt, peersAsked } = state;
  if (sharedServiceText(state) === null) return null;
  return Math.max(peersAt ?? 0, peersAsked ?? 0) + PEERS_SHOWN;
}

/** True when the peers of a service must be read (again) before the next move. */
export function peersWanted(state: RolloutState, now: number): boolean {
  const { metadata, policy } = state.plan;
  if (metadata.service === undefined) return false;
  if (policy.sharedService === 'note' && !limited(state)) return false;
  return state.peersAt === null || now - state.peersAt >= PEERS_FRESH;
}

/** What of the older rollouts of the service stands in the way, by their names; null: nothing does. */
export function sharedServiceText(state: RolloutState): string | null {
  const { peers, plan } = state;
  if (peers === null || peers.length === 0) return null;
  const names = peers.join(', ');
  if (plan.policy.sharedService === 'wait') return `waits for ${names}, which moves the same service`;
  const mixed = (state.mixed ?? []).filter((id) => peers.includes(id));
  if (plan.policy.sharedService === 'apart' && mixed.length > 0)
    return `waits for ${mixed.join(', ')}, which moves the same service and whose users the metrics count with its own`;
  const { perService = Number.POSITIVE_INFINITY } = plan.policy;
  if (!limited(state) || peers.length < perService) return null;
  const few = perService === 1 ? 'one rollout' : `${perService} rollouts`;
  return `${plan.metadata.service ?? 'the service'} has ${few} at a time: waits for an end of ${names}`;
}

/** Only the start counts against the limit: whoever has begun is not held up by it. */
function limited({ plan, stage }: RolloutState): boolean {
  return plan.policy.perService !== undefined && stage < 0;
}
