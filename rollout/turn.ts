import type { Assessment } from '../plans/assessment.ts';

import type { CheckAnswer } from '../plans/check.ts';

import type { DrillRun } from '../plans/drill.ts';

import type { Explanation } from '../plans/explanation.ts';
import type { Cause, JournalEntry, Transition } from '../plans/journal.ts';
import { notificationsFor } from '../plans/notification.ts';
import type { Command } from './command.ts';
import type { Person } from './event.ts';
import { beginText, earlierLine } from './origin.ts';
import type { PauseKind, RolloutState } from './state.ts';
import { viewOf } from './view.ts';

/** One step in the making: the next state, and what it asks of the world. */
export interface Turn {
  state: RolloutState;
  commands: Command[];
  entries: JournalEntry[];
  readonly now: number;
}

export function openTurn(previous: RolloutState, now: number): Turn {
  return { state: { ...previous }, commands: [], entries: [], now };
}

interface Note {
  cause: Cause;
  summary: string;
  flagBefore?: number | null;
  flagAfter?: number | null;
  evidence?: Assessment | null;
  explanation?: Explanation;
  accepted?: Record<string, number>;
  drill?: DrillRun;
  who?: string;
  queries?: string[];
  checks?: CheckAnswer[];
}

/** Whoever decides upon an older line knows all that matters when only these came after it. */
const DECIDES_NOTHING: readonly Transition[] = [
  'note',
  'reminder',
  'escalated',
  'deadline-near',
  'explained',
  'checks-passed',
  'check-failed',
  'gate-passed',
  'decommission-ready',
  'approved',
];

/** Adds a line to the journal. The number is given here and only here. */
export function journal(turn: Turn, transition: Transition, note: Note): void {
  const { state, now } = turn;
  state.seq += 1;
  if (!DECIDES_NOTHING.includes(transition)) state.decided = state.seq;
  turn.entries.push({
    rolloutId: state.id,
    seq: state.seq,
    at: now,
    transition,
    stage: state.plan.stages[state.stage]?.name ?? null,
    cause: note.cause,
    summary: note.summary,
    exposure: state.exposure,
    flagBefore: note.flagBefore ?? null,
    flagAfter: note.flagAfter ?? null,
    evidence: note.evidence ?? null,
    ...(note.explanation === undefined ? {} : { explanation: note.explanation }),
    ...(note.accepted === undefined ? {} : { accepted: note.accepted }),
    ...(note.checks === undefined ? {} : { checks: note.checks }),
    ...(note.who === undefined ? {} : { who: note.who }),
    ...(note.drill === undefined ? {} : { drill: note.drill }),
    queries: note.queries ?? [],
  });
}

export function noteSubmitted(turn: Turn, notes: readonly string[] = []): void {
  const { submittedBy, plan } = turn.state;
  journal(turn, 'submitted', {
    cause: person(submittedBy, null),
    summary: `${submittedBy.by} submitted ${plan.metadata.title ?? plan.metadata.name}.${beginText(turn.state)}`,
  });
  const line = earlierLine(turn.state, turn.now);
  if (line !== null) turn.commands.push({ kind: 'afterword', request: line });
  for (const summary of notes) journal(turn, 'note', { cause: policy('found at the submit'), summary });
}

/** Ends the step: what was journaled, who is told and how the rollout now looks go out as one record. */
export function closeTurn(turn: Turn): [RolloutState, Command[]] {
  const { state, entries, now } = turn;
  if (entries.length > 0) {
    const view = viewOf(state, now);
    const notifications = entries.flatMap((entry) => notificationsFor(entry, view, state.plan));
    turn.commands.push({ kind: 'record', request: { entries, notifications, view } });
  }
  return [state, turn.commands];
}

export function person({ by, roles, through }: Person, reason: string | null): Cause {
  return { kind: 'person', by, roles, reason, ...(through === undefined ? {} : { through }) };
}

export function policy(reason: string): Cause {
  return { kind: 'policy', reason };
}

const SEVERITY: Record<PauseKind, number> = {
  hard: 0,
  soft: 1,
  drift: 2,
  limit: 3,
  alert: 4,
  required: 5,
  'no-data': 6,
  overdue: 7,
  'stepped-back': 8,
  deadline: 9,
  person: 10,
};

/** Adds a cause to the pause, the gravest first; true when the rollout was not paused for it before. */
export function addPause(turn: Turn, kind: PauseKind, text: string): boolean {
  const { state, now } = turn;
  // What goes down by itself waits for nobody.
  if (state.descent != null) return false;
  const { deadline, then } = state.plan.policy.pause;
  const running = state.pause ?? { causes: [], since: now, deadline: now + deadline * 1000, then };
  const others = running.causes.filter((cause) => cause.kind !== kind);
  const causes = [...others, { kind, text }].sort((a, b) => SEVERITY[a.kind] - SEVERITY[b.kind]);
  // The deadline of a pause that already runs stays: a second cause does not buy more time.
  state.pause = { ...running, causes };
  return others.length === running.causes.length;
}
