import type { AlertStatus } from '../plans/journal.ts';
import { capital } from '../plans/words.ts';
import { countAfterAlert, restartClean } from './clean-days.ts';
import type { RolloutEvent } from './event.ts';
import { stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { addPause, journal } from './turn.ts';

type Alert = Extract<RolloutEvent, { kind: 'alert' }>;

/** What somebody else's alert does, by the plan: stop, pause, or a line in the journal. */
export function onAlert(turn: Turn, event: Alert): void {
  const { state } = turn;
  const { name, detail, from } = event;
  const cause = { kind: 'alert', name, detail, ...(from === undefined ? {} : { from }) } as const;
  // A rollout of before has a plan that says nothing of deployments or bugs.
  const by = named(event);
  if (event.status === 'resolved') countAfterAlert(turn, by);
  // A deployment is no incident, and a minor bug waits for no way back.
  else if (event.scope !== 'deploy' && event.scope !== 'minor-bug') restartClean(turn, cause, by);
  const action: 'rollback' | 'pause' | 'note' | undefined =
    event.scope === 'minor-bug' ? 'note' : state.plan.alerts[event.scope];
  if (
    event.status === 'resolved' ||
    action === 'note' ||
    action === undefined ||
    state.phase === 'reverting'
  ) {
    journal(turn, 'alert', { cause: { ...cause, status: statusOf(event) }, summary: noted(event) });
    return;
  }
  if (action === 'rollback') {
    stop(turn, {
      transition: 'hard-stop',
      cause,
      summary:
        event.scope === 'bug'
          ? `Stopped by ${named(event)}${event.detail === '' ? '' : `: ${event.detail}`}`
          : `The alert ${event.name} fires on the canary: ${event.detail}`,
      evidence: state.gate?.assessment ?? null,
    });
    return;
  }
  const text = `${named(event)}${event.detail === '' ? '' : `: ${event.detail}`}`;
  if (!addPause(turn, 'alert', text)) return;
  journal(turn, 'paused', { cause, summary: `Paused: ${text}.`, flagBefore: state.flagRevision });
}

/** Whoever reads the journal at night wants to know whom to ask. */
function teller({ from }: Alert): string {
  return from === undefined ? '' : `, told by ${from}`;
}

function statusOf({ scope, status }: Alert): AlertStatus {
  if (status === 'resolved') return status;
  return scope === 'deploy' || scope === 'minor-bug' ? 'noted' : 'firing';
}

function named({ scope, name }: Alert): string {
  switch (scope) {
    case 'deploy':
      return `another deployment, ${name}`;
    case 'bug':
      return `a critical bug, ${name}`;
    case 'minor-bug':
      return `a bug, ${name}`;
    case 'canary':
    case 'service':
      return `the alert ${name} fires`;
  }
}

function noted(event: Alert): string {
  if (event.scope === 'canary' || event.scope === 'service')
    return `Alert ${event.name} is ${event.status}${teller(event)}.`;
  const text = named(event);
  return `${capital(text)}${event.detail === '' ? '' : `: ${event.detail}`}.`;
}
