import type { RolloutView } from '../../plans/view.ts';
import type { ListedFlag } from '../../server/api.ts';
import { phaseTone } from './facts.ts';
import { clip, padEnd, widthOf } from './ink.ts';
import type { Page } from './status.ts';
import { audience, phaseText, relative } from './words.ts';

/** Cells under titles; the columns are as wide as they need, the line is cut at the screen's edge. */
export function table(titles: string[], rows: string[][], page: Page): string[] {
  const sizes = titles.map((title, i) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  const line = (cells: string[]) =>
    clip(
      cells
        .map((cell, i) => padEnd(cell, sizes[i] ?? 0))
        .join('  ')
        .trimEnd(),
      page.width,
    );
  return [page.ink('dim', line(titles)), ...rows.map(line)];
}

export function renderList(rollouts: RolloutView[], page: Page): string[] {
  if (rollouts.length === 0) return ['no rollouts'];
  const rows = rollouts.map((view) => [
    view.id,
    view.flag,
    view.environment,
    page.ink(phaseTone(view), view.pause === null ? phaseText(view.phase) : 'paused'),
    view.stage ?? '–',
    audience(view.exposure),
    relative(view.submittedAt, page.now),
  ]);
  return table(['rollout', 'flag', 'environment', 'state', 'stage', 'exposure', 'handed in'], rows, page);
}

type FlagLine = Pick<
  ListedFlag,
  | 'key'
  | 'environment'
  | 'exposure'
  | 'rolloutId'
  | 'latch'
  | 'owner'
  | 'purpose'
  | 'expires'
  | 'lifecycle'
  | 'refused'
>;

/** Below each flag what moves it or holds it down, which no narrow screen may cut off. */
export function renderFlags(flags: FlagLine[], page: Page): string[] {
  if (flags.length === 0) return ['no flags'];
  const rows = flags.map((flag) => [
    flag.key,
    flag.environment,
    audience(flag.exposure),
    flag.lifecycle ?? '–',
    flag.owner ?? '–',
    flag.purpose ?? '–',
    flag.expires ?? '–',
  ]);
  const titles = ['flag', 'environment', 'exposure', 'lifecycle', 'owner', 'purpose', 'expires'];
  const [head = '', ...lines] = table(titles, rows, page);
  const below = ({ rolloutId, latch, refused }: FlagLine) => [
    ...(refused === null
      ? []
      : [page.ink('bad', clip(`  its definition cannot be served: ${refused}`, page.width))]),
    ...(latch === null
      ? []
      : [page.ink('bad', clip(`  killed by ${latch.by}: ${latch.reason}`, page.width))]),
    ...(rolloutId === null ? [] : [clip(`  moved by ${rolloutId}`, page.width)]),
  ];
  return [head, ...flags.flatMap((flag, index) => [lines[index] ?? '', ...below(flag)])];
}
