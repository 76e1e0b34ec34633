import type { Permission } from '../plans/access.ts';
import type { JournalEntry, Transition } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import { approvalFor } from '../plans/stages.ts';
import type { Blocker, RolloutView } from '../plans/view.ts';
import { AMENDMENT_WAITS, INCLUSION_WAITS } from '../rollout/blockers.ts';
import type { Question } from './api/board.ts';

/** The journal lines that tell since when something waits, and whose answer does not count. */
export const QUESTION_LINES: readonly Transition[] = [
  'approval-needed',
  'approved',
  'glass-broken',
  'soft-stop',
  'amended',
];

/** What a rollout waits for, and who cannot answer it whatever their roles. */
export interface OpenQuestion extends Question {
  excluded: readonly string[];
  /** What answers need; any of them. */
  needed: readonly Permission[];
}

/** Somebody who may be asked. `roles`: those of plans in whose name they approve there; null: any. */
export interface Asked {
  name: string | null;
  roles: readonly string[] | null;
  may(permission: Permission): boolean;
}

/** Everything that a rollout waits for a person with. `lines`: its journal's of the kinds `QUESTION_LINES`. */
export function openQuestions(
  view: RolloutView,
  { plan, lines }: { plan: Plan; lines: readonly JournalEntry[] },
): OpenQuestion[] {
  const questions = view.blockers.flatMap((blocker) => approvalQuestion(view, blocker, lines));
  if (view.pause !== null) questions.push(pauseQuestion(view, view.pause, { plan, lines }));
  return questions;
}

function approvalQuestion(
  view: RolloutView,
  { kind, text, roles, until }: Blocker,
  lines: readonly JournalEntry[],
): OpenQuestion[] {
  const common = {
    text,
    roles,
    until,
    actions: ['approve', 'reject'] as const,
    needed: ['approve'] as const,
  };
  switch (kind) {
    case 'start-approval':
    case 'approval': {
      if (text === AMENDMENT_WAITS || text === INCLUSION_WAITS) {
        const asked = lines.findLast(
          ({ transition, cause }) => transition === 'approval-needed' && cause.kind === 'person',
        );
        const excluded = [view.submittedBy, ...nameOf(asked)];
        return [
          { ...common, kind: 'amendment', since: asked?.at ?? null, excluded, actions: [...common.actions] },
        ];
      }
      const asked = lines.findLast(
        ({ transition, cause }) => transition === 'approval-needed' && cause.kind !== 'person',
      );
      const given = lines.filter(
        ({ transition, seq }) => transition === 'approved' && seq > (asked?.seq ?? 0),
      );
      const excluded = [view.submittedBy, ...given.flatMap(nameOf)];
      return [
        {
          ...common,
          kind: kind === 'start-approval' ? 'start' : 'stage',
          since: asked?.at ?? null,
          excluded,
          actions: [...common.actions],
        },
      ];
    }
    case 'confirmation': {
      const broken = lines.findLast(({ transition }) => transition === 'glass-broken');
      const excluded = [view.submittedBy, ...nameOf(broken)];
      return [
        {
          ...common,
          kind: 'confirmation',
          since: broken?.at ?? null,
          excluded,
          actions: [...common.actions],
        },
      ];
    }
    case 'point-of-no-return': {
      const asked = lines.findLast(({ transition }) => transition === 'approval-needed');
      return [
        {
          ...common,
          kind: 'no-return',
          since: asked?.at ?? null,
          excluded: [view.submittedBy],
          actions: ['confirm', 'rollback'],
        },
      ];
    }
    case 'split':
      return [
        {
          ...common,
          kind: 'split',
          // A hold has no line of its own in the journal.
          since: null,
          excluded: [view.submittedBy],
          actions: ['approve', 'step-back', 'rollback'],
        },
      ];
    case 'checks':
      return view.checks?.state !== 'failed'
        ? []
        : [
            {
              kind: 'checks',
              text,
              roles: [],
              since: view.checks.at,
              until,
              excluded: [],
              needed: ['operate', 'submit'],
              actions: ['recheck', 'rollback'],
            },
          ];
    case 'gate':
    case 'paused':
    case 'window':
    case 'start':
    case 'retreat':
    case 'freeze':
    case 'write':
    case 'shared-service':
    case 'requires':
    case 'drill':
    case 'rollback':
      return [];
  }
}

function pauseQuestion(
  view: RolloutView,
  { reason, since, deadline }: NonNullable<RolloutView['pause']>,
  { plan, lines }: { plan: Plan; lines: readonly JournalEntry[] },
): OpenQuestion {
  const common = { text: reason, since, until: deadline };
  const soft = lines.some(({ transition, at }) => transition === 'soft-stop' && at >= since);
  if (soft) {
    const roles =
      approvalFor(
        plan,
        plan.stages.findIndex(({ name }) => name === view.stage),
      )?.roles ?? [];
    return {
      ...common,
      kind: 'difference',
      roles,
      excluded: [],
      needed: ['approve', 'operate'],
      actions: ['approve', 'step-back', 'rollback'],
    };
  }
  const drift = view.drift;
  return {
    ...common,
    kind: drift === undefined ? 'pause' : 'drift',
    roles: [],
    excluded: [],
    needed: ['operate'],
    actions: [
      'resume',
      ...(drift === undefined || drift.accepts === null ? [] : (['accept-drift'] as const)),
      'step-back',
      'rollback',
    ],
  };
}

function nameOf(line: JournalEntry | undefined): string[] {
  return line?.cause.kind === 'person' ? [line.cause.by] : [];
}

/** Whether somebody could answer: operators whatever concerns the flag, approvers what their roles are asked for. */
export function mayAnswer(question: OpenQuestion, asked: Asked, submittedBy: string): boolean {
  if (question.needed.includes('operate') && asked.may('operate')) return true;
  if (question.needed.includes('submit') && asked.may('submit')) return true;
  if (!question.needed.includes('approve') || !asked.may('approve')) return false;
  if (asked.name !== null && (asked.name === submittedBy || question.excluded.includes(asked.name)))
    return false;
  return (
    question.roles.length === 0 ||
    asked.roles === null ||
    asked.roles.some((role) => question.roles.includes(role))
  );
}
