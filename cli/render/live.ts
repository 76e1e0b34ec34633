import { comparison, howSure } from './evidence.ts';
import {
  isOver,
  pauseText,
  phaseTone,
  presentLive,
  standing,
  stopCause,
  type Watched,
  waitsFor,
} from './facts.ts';
import { clip, type Ink, padEnd, widthOf, wrap } from './ink.ts';
import { shortTimeline } from './timeline.ts';
import { audience, phaseText } from './words.ts';

export interface Screen {
  width: number;
  height: number;
  /** Milliseconds since 1970. */
  now: number;
  ink: Ink;
}

const LABEL = 10;

/** How much of one rollout is shown: everything, without its table, or one line. */
type Detail = 'full' | 'short' | 'line';

/**
 * The live picture of rollouts, at most `height` lines of at most `width` columns: stage, exposure, both
 * cohorts, evidence and what happens next. Where all of it does not fit, rollouts that are over shrink first,
 * then those at the end of the list.
 */
export function renderLive(watched: readonly Watched[], screen: Screen): string[] {
  const details: Detail[] = watched.map((each) =>
    isOver(each.view) && watched.length > 1 ? 'short' : 'full',
  );
  let lines = layout(watched, details, screen);
  while (lines.length > screen.height) {
    const shrunk = shrink(watched, details);
    if (!shrunk) break;
    lines = layout(watched, details, screen);
  }
  if (lines.length <= screen.height) return lines;
  const hidden = watched.length - (screen.height - 1);
  if (hidden <= 0 || watched.length <= 1) return lines.slice(0, screen.height);
  return [...lines.slice(0, Math.max(0, screen.height - 1)), screen.ink('dim', `and ${hidden} more`)];
}

const SMALLER: Record<Detail, Detail | null> = { full: 'short', short: 'line', line: null };

/** Makes one rollout a step smaller; false when all are as small as they get. */
function shrink(watched: readonly Watched[], details: Detail[]): boolean {
  for (const detail of ['full', 'short'] as const) {
    const candidates = details.flatMap((each, i) => (each === detail ? [i] : []));
    const over = candidates.filter((i) => watched[i] !== undefined && isOver(watched[i].view));
    const chosen = over.at(-1) ?? candidates.at(-1);
    const smaller = SMALLER[detail];
    if (chosen !== undefined && smaller !== null) {
      details[chosen] = smaller;
      return true;
    }
  }
  return false;
}

function layout(watched: readonly Watched[], details: Detail[], screen: Screen): string[] {
  const blocks = watched.map((each, i) => block(each, details[i] ?? 'line', screen));
  const spaced = details.some((detail) => detail !== 'line');
  return blocks
    .flatMap((lines, i) => (spaced && i > 0 ? ['', ...lines] : lines))
    .map((line) => clip(line, screen.width));
}

function block(watched: Watched, detail: Detail, screen: Screen): string[] {
  const { view } = watched;
  const { ink, now, width } = screen;
  const head = spread(
    `${ink('strong', view.id)}  ${standing(view, now, ink)}`,
    `exposure ${ink('strong', audience(view.exposure))}`,
    width,
  );
  if (detail === 'line') return [head];
  const field = (label: string, text: string) => `  ${ink('dim', padEnd(label, LABEL))}${text}`;
  const wrapped = (label: string, text: string) =>
    wrap(text, Math.max(20, width - LABEL - 2)).map((line, i) => field(i === 0 ? label : '', line));
  const stop = stopCause(view);
  const pause = pauseText(view, now);
  const news = [
    ...(stop === null ? [] : [field('stop', ink('bad', stop))]),
    ...(pause === null ? [] : [field('pause', ink('warn', pause))]),
    ...(view.explanation === undefined ? [] : wrapped('why', view.explanation.sentence)),
    ...(view.next === '' ? [] : [field('next', view.next)]),
  ];
  const stages = `  ${shortTimeline(view, width - 2, ink)}`;
  if (detail === 'short') return [head, stages, ...news];
  const live = presentLive(watched);
  const waits = waitsFor(watched, now);
  return [
    head,
    stages,
    '',
    ...(live?.assessment == null || isOver(view)
      ? []
      : [
          ...comparison(live.assessment, {
            kinds: live.kinds,
            width: width - 2,
            ink,
          }).map((line) => `  ${line}`),
          field('how sure', howSure(live.assessment, 20, ink)),
        ]),
    ...(waits.length === 0 ? [] : [field('waits for', waits.join('; '))]),
    ...news,
  ];
}

/** Left and right on one line; the right part gives way when both do not fit. */
function spread(left: string, right: string, width: number): string {
  const gap = width - widthOf(left) - widthOf(right);
  return gap >= 2 ? left + ' '.repeat(gap) + right : `${left}  ${right}`;
}

/** One line per change, for logs and pipes: what a redrawn screen would have shown. */
export function changeLine(watched: Watched, ink: Ink): string {
  const { view } = watched;
  const state = view.pause === null || isOver(view) ? phaseText(view.phase) : 'paused';
  const stop = stopCause(view);
  const assessment = presentLive(watched)?.assessment ?? null;
  return [
    `${view.id}: ${ink(phaseTone(view), state)}`,
    view.stage === null ? null : `stage ${view.stage}`,
    `exposure ${audience(view.exposure)}`,
    assessment === null || isOver(view) ? null : `gate ${assessment.verdict}`,
    stop === null ? (view.pause === null ? null : view.pause.reason) : `stop: ${stop}`,
    view.next === '' ? null : `next: ${view.next}`,
  ]
    .filter((part) => part !== null)
    .join(', ');
}
