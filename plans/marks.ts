import type { Transition } from './journal.ts';

/** What a chart over time marks, each kind in its colour. */
export const MARKS = ['stage', 'pause', 'resume', 'back', 'end', 'change'] as const;
export type Mark = (typeof MARKS)[number];

/** The mark of each line of the journal; null: nothing has moved that a chart would show. */
export const MARK_OF: Record<Transition, Mark | null> = {
  submitted: null,
  'approval-needed': null,
  approved: null,
  'glass-broken': null,
  confirmed: null,
  rejected: 'back',
  started: 'stage',
  advanced: 'stage',
  'gate-passed': null,
  paused: 'pause',
  'no-data': 'pause',
  resumed: 'resume',
  'checks-passed': null,
  'check-failed': null,
  'before-waived': null,
  'soft-stop': 'pause',
  'hard-stop': 'back',
  explained: null,
  accepted: 'resume',
  'stepped-back': 'back',
  excluded: 'change',
  included: 'change',
  amended: 'change',
  'rollback-requested': 'back',
  killed: 'back',
  'rolled-back': 'back',
  abandoned: 'back',
  superseded: 'end',
  retried: 'change',
  'rollback-verified': 'back',
  'rollback-unverified': 'back',
  'incident-closed': null,
  drill: 'change',
  drift: 'pause',
  'drift-accepted': 'resume',
  alert: 'change',
  reminder: null,
  escalated: null,
  'deadline-near': null,
  'write-failed': 'change',
  decommissioning: 'stage',
  'decommission-ready': 'change',
  'clean-restarted': null,
  'point-of-no-return': 'change',
  'step-due': null,
  'step-done': null,
  'steps-done': null,
  completed: 'end',
  'would-advance': 'change',
  'would-pause': 'change',
  'would-exclude': 'change',
  'would-stop': 'change',
  note: null,
};

/** The transitions that have a mark. */
export const MARKED: readonly Transition[] = (Object.keys(MARK_OF) as Transition[]).filter(
  (transition) => MARK_OF[transition] !== null,
);
