import type { RolloutEvent } from './event.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal } from './turn.ts';

type Alert = Extract<RolloutEvent, { kind: 'alert' }>;

/** What somebody else's alert does, by the plan: stop, pause, or a line in the journal. */
export function onAlert(turn: Turn, event: Alert): void {
  const { state } = turn;
  const cause = { kind: 'alert', name: event.name, detail: event.detail } as const;
  // A rollout of before has a plan that says nothing of deployments.
  const action: 'rollback' | 'pause' | 'note' | undefined = state.plan.alerts[event.scope];
  if (
    event.status === 'resolved' ||
    action === 'note' ||
    action === undefined ||
    state.phase === 'reverting'
  ) {
    journal(turn, 'alert', { cause, summary: noted(event) });
    return;
  }
  if (action === 'rollback') {
    stop(turn, {
      transition: 'hard-stop',
      cause,
      summary: `The alert ${event.name} fires on the canary: ${event.detail}`,
      evidence: state.gate?.assessment ?? null,
    });
    return;
  }
  const text = `${named(event)}${event.detail === '' ? '' : `: ${event.detail}`}`;
  if (!addPause(turn, 'alert', text)) return;
  journal(turn, 'paused', { cause, summary: `Paused: ${text}.`, flagBefore: state.flagRevision });
}

function named({ scope, name }: Alert): string {
  return scope === 'deploy' ? `another deployment, ${name}` : `the alert ${name} fires`;
}

function noted(event: Alert): string {
  if (event.scope !== 'deploy') return `Alert ${event.name} is ${event.status}.`;
  return `Another deployment, ${event.name}${event.detail === '' ? '' : `: ${event.detail}`}.`;
}
