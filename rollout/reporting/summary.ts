import type { JournalEntry } from '../../plans/journal.ts';
import type { Plan } from '../../plans/plan.ts';
import type { StageSpan } from '../../plans/report.ts';
import type { RolloutView } from '../../plans/view.ts';
import { audience, duration } from '../../plans/words.ts';
import { stopText } from './stop.ts';

interface Told {
  plan: Plan;
  view: RolloutView;
  journal: readonly JournalEntry[];
  stages: readonly StageSpan[];
  now: number;
}

/** One sentence that says how it went. */
export function summaryOf({ plan, view, journal, stages, now }: Told): string {
  const name = plan.metadata.title ?? plan.metadata.name;
  const began = stages[0]?.from ?? null;
  const after = (end: number | null) =>
    began === null || end === null ? '' : ` ${duration((end - began) / 1000)} after it began`;
  const accepted = journal.filter(({ transition }) => transition === 'accepted').length;
  const despite =
    accepted === 0
      ? ''
      : `, with ${accepted === 1 ? 'a difference' : `${accepted} differences`} that people accepted`;
  if (view.watching !== undefined) return watchedText({ view, journal, name, after, now });
  switch (view.phase) {
    case 'completed':
      return `${name} reached its end${after(view.endedAt)}: ${audience(view.exposure)}${despite}.`;
    case 'rejected':
      return `${name} was turned down before it began: ${stopText(view)}.`;
    case 'reverting':
      return `Unfinished: ${name} is being taken back from stage ${view.stage ?? ''}: ${stopText(view)}.`;
    case 'rolled-back': {
      const forward = view.exposure.percent > 0 || view.exposure.segments.length > 0;
      const where = whereText(view);
      const how = forward
        ? `was stopped ${where}${after(view.endedAt)} and stays at its safe exposure (${audience(view.exposure)})`
        : `was rolled back ${where}${after(view.endedAt)}`;
      return `${name} ${how}: ${stopText(view)}${despite}.`;
    }
    case 'abandoned':
      return `${name} was abandoned ${whereText(view)}${after(view.endedAt)}, with the flag at ${audience(view.exposure)}${despite}.`;
    case 'superseded':
      return `${name} gave way to a newer rollout ${whereText(view)}${after(view.endedAt)}: ${audience(view.exposure)}${despite}.`;
    case 'submitted':
    case 'active': {
      if (view.stage === null) return `Unfinished: ${name} has not begun.`;
      const since = view.stageSince === null ? '' : ` for ${duration((now - view.stageSince) / 1000)}`;
      const paused = view.pause === null ? '' : `, paused: ${view.pause.reason}`;
      return `Unfinished: ${name} is in stage ${view.stage} (${audience(view.exposure)})${since}${paused}${despite}.`;
    }
  }
}

function whereText({ stage }: RolloutView): string {
  return stage === null ? 'before its first stage' : `in stage ${stage}`;
}

/** Of a plan that only watched: what others did, and whether it would have stopped that. */
function watchedText({
  view,
  journal,
  name,
  after,
  now,
}: Pick<Told, 'view' | 'journal' | 'now'> & { name: string; after: (end: number | null) => string }): string {
  const stops = journal.filter(({ transition }) => transition === 'would-stop');
  const [first] = stops;
  const would =
    first === undefined
      ? 'the plan would not have stopped it'
      : `the plan would first have stopped it in stage ${first.stage ?? ''}${after(first.at)}`;
  const off = (view.watching?.excluded ?? []).map((one) => one.name);
  const verdict = off.length === 0 ? would : `${would}; it would have excluded ${off.join(', ')}`;
  if (view.phase === 'completed')
    return `${name} was only watched: the observation ended${after(view.endedAt)} with the canary for ${audience(view.exposure)}; ${verdict}.`;
  if (view.stage === null) return `Unfinished: ${name} is only watched, and nobody has the canary yet.`;
  const since = view.stageSince === null ? '' : ` for ${duration((now - view.stageSince) / 1000)}`;
  return `Unfinished: ${name} is only watched, in stage ${view.stage} (${audience(view.exposure)})${since}; ${verdict}.`;
}
