import { actionsFor } from './actions.ts';
import { type DrillRun, drillAt, drillText } from './drill.ts';
import { incidentOf } from './incident.ts';
import { INCIDENT, type JournalEntry, type Notification, type Transition } from './journal.ts';
import type { Plan } from './plan.ts';
import { approvalFor } from './stages.ts';
import type { RolloutView } from './view.ts';

/**
 * Who subscribes to the outcome also hears what amounts to it, and of a plan that only watches what would have been it: a soft stop and drift are pauses with a name of their
 * own, and so is a pause that ends with an accepted drift; a flag that could not be written back is what somebody who waits for `rolled-back` must know. Who hears of a
 * stop hears why.
 */
const ALSO: Partial<Record<string, readonly Transition[]>> = {
  resumed: ['drift-accepted'],
  'decommission-ready': ['clean-restarted'],
  advanced: ['would-advance'],
  paused: ['check-failed', 'deadline-near', 'soft-stop', 'drift', 'reminder', 'explained', 'would-pause'],
  'stepped-back': ['excluded', 'would-exclude'],
  excluded: ['would-exclude'],
  'soft-stop': ['explained', 'would-pause'],
  'hard-stop': ['explained', 'would-stop'],
  'approval-needed': ['before-waived', 'reminder', 'escalated', 'glass-broken'],
  completed: ['point-of-no-return', 'step-due', 'steps-done', 'abandoned', 'superseded'],
  'incident-update': ['incident-closed'],
  'rolled-back': [
    'write-failed',
    'explained',
    'rollback-unverified',
    'would-stop',
    'abandoned',
    'superseded',
  ],
};

/**
 * The messages that one journal entry causes by the plan's `notify`: at most one per channel, in the order of the
 * plan. `paused` also covers a hard stop that only pauses. `view` is the rollout right after the entry.
 */
export function notificationsFor(entry: JournalEntry, view: RolloutView, plan: Plan): Notification[] {
  const channels = plan.notify
    .filter(({ events }) => events.some((event) => concerns(event, entry, view)))
    .map(({ channel }) => channel);
  if (entry.transition === 'escalated') channels.push(...escalationOf(view, plan));
  const about = aboutOf(plan);
  const incident = incidentOf(entry, view);
  // Where a channel asks for both, the incident says it all.
  const opened = incident === null ? [] : subscribers(plan, INCIDENT);
  const told = [...new Set(channels)].filter((channel) => !opened.includes(channel));
  return [
    ...opened.map((channel) => incidentMessage(entry, view, { about, channel }) ?? []).flat(),
    ...told.map((channel) => notificationOf(entry, view, { about, channel })),
  ];
}

/** What each message says of its plan. */
export function aboutOf({
  metadata,
  flag,
  environment,
}: Plan): Omit<Notification['rollout'], 'stage' | 'percent'> {
  return {
    name: metadata.name,
    title: metadata.title ?? null,
    environment,
    flag: flag.key,
    owner: metadata.owner ?? null,
    ticket: metadata.ticket ?? null,
  };
}

function subscribers({ notify }: Plan, event: typeof INCIDENT): string[] {
  return [...new Set(notify.filter(({ events }) => events.includes(event)).map(({ channel }) => channel))];
}

/** The channel that is asked once nobody has answered the approval which the present stage waits for. */
function escalationOf({ stage }: RolloutView, plan: Plan): string[] {
  const approval = approvalFor(
    plan,
    plan.stages.findIndex(({ name }) => name === stage),
  );
  return approval?.escalate === undefined ? [] : [approval.escalate.channel];
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
  const { cause } = entry;
  const drill = drilled(entry, view);
  return {
    rolloutId: entry.rolloutId,
    seq: entry.seq,
    at: entry.at,
    event: entry.transition,
    channel,
    title: `${drill === null ? '' : DRILL}${titleOf(entry, view, about.title ?? about.name)}`,
    summary: drill === null ? entry.summary : `${entry.summary} ${sentence(drillText(drill))}`,
    rollout: { ...about, stage: entry.stage, percent: entry.exposure.percent },
    evidence: entry.evidence,
    ...(entry.explanation === undefined ? {} : { explanation: entry.explanation }),
    ...(drill === null ? {} : { drill: true }),
    ...(cause.kind === 'alert' && cause.status !== undefined ? { alert: cause.status } : {}),
    actions: actionsFor(entry, view),
  };
}

/** Before the title of what is no real incident, so that whoever is woken sees it first. */
export const DRILL = 'Drill: ';

/** A way back that does not work is real, whatever it was tried for. */
const REAL: readonly Transition[] = ['write-failed', 'rollback-unverified'];

export function isReal({ transition }: Pick<JournalEntry, 'transition'>): boolean {
  return REAL.includes(transition);
}

/** What people decide meanwhile is theirs, and the drill's own lines name it. */
function drilled(entry: JournalEntry, view: RolloutView): DrillRun | null {
  const { transition, cause, at } = entry;
  const own = transition === 'drill' || cause.kind === 'person' || cause.kind === 'flag';
  return own || isReal(entry) ? null : drillAt(view, at);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The message that opens an incident; null: the entry is none. */
export function incidentMessage(
  entry: JournalEntry,
  view: RolloutView,
  to: Parameters<typeof notificationOf>[2],
): Notification | null {
  const incident = incidentOf(entry, view);
  if (incident === null) return null;
  const { audience, requests } = incident.affected;
  const served = requests === null ? '' : `, ${requests.toLocaleString('en-US')} requests in this stage`;
  const said = notificationOf(entry, view, to);
  return {
    ...said,
    event: INCIDENT,
    title: said.title.startsWith(DRILL)
      ? `${DRILL}Incident: ${said.title.slice(DRILL.length)}`
      : `Incident: ${said.title}`,
    summary: `${said.summary} The canary had: ${audience}${served}.`,
    incident,
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
  'checks-passed': 'passed the checks before its next stage',
  'check-failed': 'is held by a check that failed',
  'before-waived': 'begins without what its plan asks for',
  'soft-stop': 'paused by a soft stop',
  'hard-stop': 'stopped hard',
  explained: 'is explained',
  accepted: 'goes on with an accepted difference',
  'stepped-back': 'stepped back',
  excluded: 'somebody is off the canary',
  included: 'somebody has the canary again',
  amended: 'amended',
  'rollback-requested': 'is to be rolled back',
  killed: 'killed',
  'rolled-back': 'rolled back',
  abandoned: 'abandoned',
  superseded: 'superseded',
  retried: 'is retried',
  'rollback-verified': 'has its traffic back on the old path',
  'rollback-unverified': 'is not seen to have its traffic back on the old path',
  'incident-closed': 'has its incident closed',
  drill: 'has a drill',
  drift: 'paused: somebody else moved the flag',
  'drift-accepted': 'goes on from where somebody else moved the flag',
  alert: 'has an alert',
  reminder: 'still waits for an answer',
  escalated: 'got no answer in time',
  'deadline-near': 'comes near its deadline',
  'write-failed': 'could not move its flag',
  decommissioning: 'watches the old path for its last calls',
  'decommission-ready': 'has an old path that nobody uses any more',
  'clean-restarted': 'counts its clean days anew',
  'point-of-no-return': 'is past its point of no return',
  'step-due': 'has a step left that is due',
  'step-done': 'has one step less left',
  'steps-done': 'has no step left',
  completed: 'completed',
  'would-advance': 'would have advanced',
  'would-pause': 'would have paused',
  'would-exclude': 'would have taken somebody off the canary',
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
