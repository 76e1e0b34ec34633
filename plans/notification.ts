import type { JournalEntry, Notification, Transition } from './journal.ts';
import type { Plan } from './plan.ts';
import { type Drift, ENDED, type RolloutView } from './view.ts';
import { audience } from './words.ts';

/**
 * Who subscribes to the outcome also hears what amounts to it, and of a plan that only watches what would have been it: a soft stop and drift are pauses with a name of their
 * own, and so is a pause that ends with an accepted drift; a flag that could not be written back is what somebody who waits for `rolled-back` must know. Who hears of a
 * stop hears why.
 */
const ALSO: Partial<Record<string, readonly Transition[]>> = {
  resumed: ['drift-accepted'],
  advanced: ['would-advance'],
  paused: ['soft-stop', 'drift', 'reminder', 'explained', 'would-pause'],
  'soft-stop': ['explained', 'would-pause'],
  'hard-stop': ['explained', 'would-stop'],
  'approval-needed': ['reminder', 'glass-broken'],
  'rolled-back': ['write-failed', 'explained', 'would-stop'],
};

/**
 * The messages that one journal entry causes by the plan's `notify`: at most one per channel, in the order of the
 * plan. `paused` also covers a hard stop that only pauses. `view` is the rollout right after the entry.
 */
export function notificationsFor(entry: JournalEntry, view: RolloutView, plan: Plan): Notification[] {
  const channels = plan.notify
    .filter(({ events }) => events.some((event) => concerns(event, entry, view)))
    .map(({ channel }) => channel);
  const { metadata, flag, environment } = plan;
  const about = {
    name: metadata.name,
    title: metadata.title ?? null,
    environment,
    flag: flag.key,
    owner: metadata.owner ?? null,
    ticket: metadata.ticket ?? null,
  };
  return [...new Set(channels)].map((channel) => notificationOf(entry, view, { about, channel }));
}

function concerns(event: string, { transition }: JournalEntry, view: RolloutView): boolean {
  if (event === transition) return true;
  if (ALSO[event]?.includes(transition) === true) return true;
  const pausedByStop = transition === 'hard-stop' && view.pause !== null && view.stop === null;
  return event === 'paused' && pausedByStop;
}

/** The message of one entry to one channel, whether the plan asks for it or not. */
export function notificationOf(
  entry: JournalEntry,
  view: RolloutView,
  { about, channel }: { about: Omit<Notification['rollout'], 'stage' | 'percent'>; channel: string },
): Notification {
  return {
    rolloutId: entry.rolloutId,
    seq: entry.seq,
    at: entry.at,
    event: entry.transition,
    channel,
    title: titleOf(entry, view, about.title ?? about.name),
    summary: entry.summary,
    rollout: { ...about, stage: entry.stage, percent: entry.exposure.percent },
    evidence: entry.evidence,
    ...(entry.explanation === undefined ? {} : { explanation: entry.explanation }),
    actions: actionsFor(entry, view),
  };
}

const SAID: Record<Transition, string> = {
  submitted: 'submitted',
  'approval-needed': 'needs an approval',
  approved: 'approved',
  'glass-broken': 'goes on by a broken glass',
  confirmed: 'was confirmed by a second person',
  rejected: 'rejected',
  started: 'started',
  advanced: 'advanced',
  'gate-passed': 'passed its gate',
  paused: 'paused',
  'no-data': 'has no data',
  resumed: 'goes on',
  'soft-stop': 'paused by a soft stop',
  'hard-stop': 'stopped hard',
  explained: 'is explained',
  accepted: 'goes on with an accepted difference',
  'stepped-back': 'stepped back',
  amended: 'amended',
  'rollback-requested': 'is to be rolled back',
  killed: 'killed',
  'rolled-back': 'rolled back',
  drift: 'paused: somebody else moved the flag',
  'drift-accepted': 'goes on from where somebody else moved the flag',
  alert: 'has an alert',
  reminder: 'still waits for an answer',
  'write-failed': 'could not move its flag',
  decommissioning: 'watches the old path for its last calls',
  completed: 'completed',
  'would-advance': 'would have advanced',
  'would-pause': 'would have paused',
  'would-stop': 'would have been stopped',
  note: 'has a note',
};

/** For example `New pricing engine rolled back in production (5%)`. */
export function titleOf(
  { transition, stage }: Pick<JournalEntry, 'transition' | 'stage'>,
  { environment }: Pick<RolloutView, 'environment'>,
  name: string,
): string {
  return `${name} ${SAID[transition]} in ${environment}${stage === null ? '' : ` (${stage})`}`;
}

interface Command {
  label: string;
  command: string;
}

/** What the reader can do now. Only what would not be refused at this moment. */
function actionsFor({ transition, evidence }: JournalEntry, view: RolloutView): Command[] {
  const { id } = view;
  const status = { label: 'Look', command: `tidegate status ${id}` };
  if (transition === 'killed' || view.stop?.transition === 'killed') {
    const unlock = `tidegate unlock ${view.flag} --environment ${view.environment} --reason "..."`;
    return [status, { label: 'Let rollouts raise the flag again', command: unlock }];
  }
  if (ENDED.includes(view.phase)) return [status];
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
