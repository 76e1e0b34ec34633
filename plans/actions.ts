import type { JournalEntry, Notification } from './journal.ts';
import { type Drift, ENDED, type RolloutView } from './view.ts';
import { audience } from './words.ts';

type Command = Notification['actions'][number];

/** What the reader can do now. Only what would not be refused at this moment. */
export function actionsFor(entry: JournalEntry, view: RolloutView): Command[] {
  return commandsFor(entry, view).map((one) => {
    const effect = effectOf(one.command, view);
    return effect === null ? one : { ...one, effect };
  });
}

function commandsFor({ transition, evidence }: JournalEntry, view: RolloutView): Command[] {
  const { id } = view;
  const status = { label: 'Look', command: `tidegate status ${id}` };
  if (transition === 'killed' || view.stop?.transition === 'killed') {
    const unlock = `tidegate unlock ${view.flag} --environment ${view.environment} --reason "..."`;
    return [status, { label: 'Let rollouts raise the flag again', command: unlock }];
  }
  if (ENDED.includes(view.phase)) return [status];
  if (view.descent !== undefined)
    return [status, { label: 'Roll back at once', command: `tidegate rollback ${id} --immediate` }];
  if (view.stop !== null) return [status];
  if (view.watching !== undefined)
    return [status, { label: 'End the observation', command: `tidegate end ${id}` }];
  const approve = { label: 'Approve', command: `tidegate approve ${id}` };
  const stepBack = { label: 'Go back one stage', command: `tidegate step-back ${id}` };
  const rollback = { label: 'Roll back', command: `tidegate rollback ${id}` };
  if (transition === 'soft-stop')
    return [status, { ...approve, label: 'Accept the difference' }, stepBack, rollback];
  if (transition === 'hard-stop') return [status, rollback];
  if (view.pause !== null) {
    // What a reminder is about is not told here: a soft stop could not simply go on.
    if (transition === 'reminder') return [status, stepBack, rollback];
    const split = evidence?.holding.some((one) => one.kind === 'split' && one.seen !== undefined) === true;
    const accept = { label: 'Accept the traffic split', command: `${approve.command} --reason "..."` };
    if (split) return [status, accept, stepBack, rollback];
    const resume = { label: 'Go on', command: `tidegate resume ${id}` };
    if (view.drift === undefined) return [status, resume, rollback];
    return [status, ...driftActions(view, view.drift), stepBack, rollback];
  }
  if (view.checks?.state === 'failed')
    return [status, { label: 'Ask the checks again', command: `tidegate recheck ${id}` }, rollback];
  if (view.blockers.some(({ kind }) => kind === 'point-of-no-return')) {
    const confirm = `tidegate confirm ${id} --confirm ${view.flag}`;
    return [status, { label: 'Confirm the point of no return', command: confirm }, rollback];
  }
  if (waitsForApproval(view)) return [status, approve, { label: 'Reject', command: `tidegate reject ${id}` }];
  return [status, { label: 'Pause', command: `tidegate pause ${id}` }, rollback];
}

function driftActions({ id }: RolloutView, { restores, accepts }: Drift): Command[] {
  const resume = { label: `Take the flag back to ${audience(restores)}`, command: `tidegate resume ${id}` };
  const accept = { label: `Go on from stage ${accepts ?? ''}`, command: `tidegate accept-drift ${id}` };
  return accepts === null ? [resume] : [resume, accept];
}

/** A gate that has not passed is waited for first. */
function waitsForApproval({ blockers }: RolloutView): boolean {
  const kinds = blockers.map(({ kind }) => kind);
  return kinds.includes('start-approval') || (kinds.includes('approval') && !kinds.includes('gate'));
}

/** What a command leads to, for whoever is asked whether they are sure; null: it changes nothing. */
function effectOf(command: string, view: RolloutView): string | null {
  switch (command.split(' ')[1]) {
    case 'approve':
      return view.blockers.some(({ kind }) => kind === 'confirmation')
        ? 'What somebody did by breaking the glass is confirmed.'
        : approvalText(view);
    case 'confirm':
      return `There is no way back any more: a kill of ${view.flag} is refused, and its old path may be taken away.`;
    case 'reject':
      return `The rollout ends, and the flag goes back to ${audience(view.safeExposure)}.`;
    case 'step-back':
      return 'The flag goes back by one stage, and the rollout pauses there.';
    case 'pause':
      return `No further stage opens until somebody resumes it. The canary stays at ${audience(view.exposure)}.`;
    case 'resume':
      return view.drift === undefined
        ? `The rollout goes on from where it is, with the canary at ${audience(view.exposure)}.`
        : `The flag goes back to ${audience(view.drift.restores)}, and the rollout goes on.`;
    case 'waive':
      return 'The rollout begins without what its plan asks for before.';
    case 'recheck':
      return 'The checks are asked again; where they pass, the next stage opens.';
    case 'accept-drift':
      return `The rollout goes on from stage ${view.drift?.accepts ?? ''}.`;
    case 'exclude':
      return 'They return to the old path at once, and the rollout goes on for the rest.';
    case 'rollback':
      return `The flag goes back to ${audience(view.safeExposure)} at once, and the rollout ends.`;
    default:
      return null;
  }
}

function approvalText({ pause, stages }: RolloutView): string {
  if (pause !== null) return 'What was seen is accepted, and the rollout goes on.';
  const next = stages.find(({ state }) => state === 'ahead');
  if (next === undefined) return 'The rollout may complete.';
  const share = next.percent > 0 ? ` (${next.percent} %)` : '';
  return `Stage ${next.name}${share} may open once nothing else holds it.`;
}
