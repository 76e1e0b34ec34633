import { isNobody } from '../../plans/exposure.ts';
import type { JournalEntry, Transition } from '../../plans/journal.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Happening, StageSpan } from '../../plans/report.ts';

const ENTERS: readonly Transition[] = ['started', 'advanced', 'decommissioning', 'stepped-back'];
const ENDS: readonly Transition[] = ['rolled-back', 'completed'];

/** The stages as they were held, from the journal. */
export function spansOf(
  journal: readonly JournalEntry[],
  planOf: (stage: string, visit: number) => Plan,
): StageSpan[] {
  const spans: StageSpan[] = [];
  const again = resumptions(journal);
  for (const entry of journal) {
    const { transition, at, stage, exposure } = entry;
    const open = spans.at(-1);
    const running = open !== undefined && open.to === null ? open : null;
    if (transition === 'gate-passed' && running !== null) running.passed ??= at;
    if (ENDS.includes(transition) && running !== null) {
      running.to = at;
      // Others took a flag that was only watched back to nobody.
      running.ending = transition === 'completed' && !isNobody(exposure) ? 'completed' : 'rolled-back';
    }
    if ((!ENTERS.includes(transition) && !again.includes(entry)) || stage === null) continue;
    if (running !== null) {
      running.to = at;
      running.ending = transition === 'stepped-back' ? 'stepped-back' : 'advanced';
    }
    if (isWithdrawal(entry)) continue;
    const visit = spans.filter((span) => span.stage === stage).length + 1;
    spans.push({
      stage,
      visit,
      from: at,
      to: null,
      passed: null,
      exposure,
      bake: bakeOf(planOf(stage, visit), stage),
      ending: 'running',
    });
  }
  return spans;
}

/** A forward-only plan steps back by withdrawing its canary. */
function isWithdrawal({ transition, exposure }: JournalEntry): boolean {
  return transition === 'stepped-back' && exposure.variant !== null;
}

/** Where a stage began again, since its withdrawn canary was served again. */
export function resumptions(journal: readonly JournalEntry[]): JournalEntry[] {
  let withdrawn = false;
  return journal.filter((entry) => {
    if (isWithdrawal(entry)) withdrawn = true;
    if (!withdrawn || entry.transition !== 'resumed' || entry.exposure.variant !== null) return false;
    withdrawn = false;
    return true;
  });
}

function bakeOf(plan: Plan, name: string): number {
  const stage = plan.stages.find((one) => one.name === name);
  return stage === undefined ? 0 : (stage.decommission?.cleanFor ?? stage.bake);
}

/** Lines that only repeat what the stages say, or what a gate looked at. */
const SILENT: readonly Transition[] = [
  'gate-passed',
  'started',
  'advanced',
  'decommissioning',
  'decommission-ready',
  'reminder',
  'escalated',
  'note',
];

export function happeningsOf(journal: readonly JournalEntry[]): Happening[] {
  return journal.filter(({ transition }) => !SILENT.includes(transition)).map(happening);
}

/** What a person does; what follows from it has the same cause and is no decision of its own. */
const DECISIONS: readonly Transition[] = [
  'submitted',
  'approval-needed',
  'approved',
  'glass-broken',
  'confirmed',
  'rejected',
  'before-waived',
  'paused',
  'resumed',
  'accepted',
  'drift-accepted',
  'amended',
  'excluded',
  'included',
  'stepped-back',
  'rollback-requested',
  'killed',
  'abandoned',
  'superseded',
  'point-of-no-return',
  'incident-closed',
  'drill',
];

/** Who approved, accepted, stopped or changed what, and from where nothing goes back. */
export function decisionsOf(journal: readonly JournalEntry[]): Happening[] {
  const asked = journal.findIndex(({ transition }) => transition === 'rollback-requested');
  // The steps of a way back are what was decided once.
  const follows = (transition: Transition, index: number) =>
    transition === 'stepped-back' && asked >= 0 && index > asked;
  return journal
    .filter(
      ({ transition, cause }, index) =>
        cause.kind === 'person' && DECISIONS.includes(transition) && !follows(transition, index),
    )
    .map(happening);
}

function happening({ at, transition, stage, summary, cause }: JournalEntry): Happening {
  const person = cause.kind === 'person' ? cause : null;
  return {
    at,
    transition,
    stage,
    summary,
    by: person?.by ?? null,
    roles: person?.roles ?? [],
    reason: person?.reason ?? null,
  };
}
