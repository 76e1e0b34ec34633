import { onsetOf } from '../../analysis/onset.ts';
import type { Replay } from '../../analysis/replay.ts';
import { drillBehind, drillText } from '../../plans/drill.ts';
import type { Explanation } from '../../plans/explanation.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import type { Detection, Report } from '../../plans/report.ts';
import type { RolloutView } from '../../plans/view.ts';
import { cause } from '../../plans/words.ts';

type Stop = NonNullable<Report['stop']>;

/** The journal's line of the stop; null: nothing has stopped it. */
function stopEntry(journal: readonly JournalEntry[], view: RolloutView): JournalEntry | null {
  const { stop } = view;
  if (stop === null) return null;
  return journal.findLast(({ transition, at }) => transition === stop.transition && at === stop.at) ?? null;
}

export function stopOf(journal: readonly JournalEntry[], view: RolloutView): Stop | null {
  const { stop } = view;
  if (stop === null) return null;
  const entry = stopEntry(journal, view);
  return {
    at: stop.at,
    transition: stop.transition,
    stage: entry?.stage ?? view.stage,
    metric: stop.cause.kind === 'gate' ? (entry?.evidence?.metric ?? null) : null,
    slice: stop.cause.kind === 'gate' ? (entry?.evidence?.slice ?? null) : null,
    reason: stopText(view),
    exposure: view.exposure,
  };
}

/** Why it was stopped, without a full stop; of a drill with that it was one. */
export function stopText(view: RolloutView): string {
  const { stop } = view;
  if (stop === null) return 'why is not recorded';
  const drill = drillBehind(view);
  const why = stop.cause.kind === 'gate' ? stop.cause.reason : cause(stop.cause).replace(/\.$/, '');
  return drill === null ? why : `${why}; ${drillText(drill)}`;
}

/** The newest explanation of the stop or the pause; an accepted pause's stays in the journal. */
export function explanationOf(journal: readonly JournalEntry[], view: RolloutView): Explanation | null {
  return (
    view.explanation ?? journal.findLast(({ explanation }) => explanation !== undefined)?.explanation ?? null
  );
}

/** From the first window that was bad to the flag's return; null: nothing has stopped it. */
export function detectionOf(
  journal: readonly JournalEntry[],
  view: RolloutView,
  replay: Replay,
): Detection | null {
  const { stop } = view;
  const startedAt = journal.find(({ transition }) => transition === 'started')?.at ?? null;
  if (stop === null || startedAt === null) return null;
  const entry = stopEntry(journal, view);
  const by = stoppedBy(entry, view);
  const onset = by === 'evidence' || by === 'limit' ? onsetBefore(entry, replay) : null;
  const onsetAt = onset === null ? null : startedAt + onset * 1000;
  const noticed = journal.find(
    ({ transition, at }) =>
      (transition === 'soft-stop' || transition === 'hard-stop') &&
      at <= stop.at &&
      at >= (onsetAt ?? stop.at),
  );
  return {
    onset: onsetAt,
    noticed: noticed?.at ?? stop.at,
    stopped: stop.at,
    back: journal.findLast(({ transition }) => transition === 'rolled-back')?.at ?? null,
    by,
  };
}

function stoppedBy(entry: JournalEntry | null, { stop }: RolloutView): Detection['by'] {
  switch (stop?.cause.kind) {
    case 'gate':
      return firedLimit(entry) === null ? 'evidence' : 'limit';
    case 'person':
    case 'flag':
      return 'person';
    case 'alert':
      return 'alert';
    case 'policy':
    case undefined:
      return 'rule';
  }
}

function firedLimit(entry: JournalEntry | null) {
  const assessment = entry?.evidence ?? null;
  const fired = assessment?.limits.find((one) => one.fired && one.action === 'rollback') ?? null;
  // Evidence that has reached its threshold comes first in the gate's word.
  return assessment !== null && fired !== null && assessment.lnE < assessment.threshold ? fired : null;
}

function onsetBefore(entry: JournalEntry | null, replay: Replay): number | null {
  const limit = firedLimit(entry);
  if (limit !== null) return limit.since === null ? null : limit.since - replay.plan.source.poll;
  const metric = entry?.evidence?.metric ?? null;
  const visit = replay.visits.findLast(({ stage }) => stage === entry?.stage);
  return metric === null || visit === undefined
    ? null
    : onsetOf(replay, visit, { metric, slice: entry?.evidence?.slice ?? null });
}
