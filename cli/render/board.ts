import {
  ageText,
  type BoardFacts,
  healthShare,
  healthText,
  mustAct,
  nextText,
  stageCount,
  stageText,
} from '../../plans/board-words.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import type { SharedRow } from '../../server/api/board-row.ts';
import { phaseTone } from './facts.ts';
import { clip, type Ink, padEnd, widthOf } from './ink.ts';
import type { Screen } from './live.ts';
import { audience, clock, phaseText, relative } from './words.ts';

const GAP = '  ';

export interface BoardPicture {
  /** The most urgent first. */
  rows: readonly SharedRow[];
  /** The latest journal lines, the newest last. */
  latest: readonly JournalEntry[];
  /** When the server was lost, ms since 1970; null: it is there. */
  lostAt: number | null;
}

/**
 * All active rollouts, at most `height` lines of at most `width` columns: a line for each and, where there is room, below it what
 * comes next and who must act; below all the latest journal lines.
 */
export function renderBoard({ rows, latest, lostAt }: BoardPicture, screen: Screen): string[] {
  const { height, width, now, ink } = screen;
  const asking = rows.filter((row) => mustAct(row) !== 'nobody').length;
  const line = lostAt === null ? 'live' : ink('warn', `server lost ${relative(lostAt, now)}, trying again`);
  const count = rows.filter(({ endedAt }) => endedAt === null).length;
  const head = [
    ink('strong', count === 1 ? '1 active rollout' : `${count} active rollouts`),
    ...(asking === 0 ? [] : [ink('warn', asking === 1 ? '1 needs a person' : `${asking} need a person`)]),
    `${clock(now).slice(11)} UTC`,
    line,
  ].join(GAP);
  const room = height - 2;
  const details = rows.length * 2 <= room;
  const table = tableOf(rows, { ...screen, details });
  const shown = details ? rows.length : Math.min(rows.length, rows.length <= room ? room : room - 1);
  const body = rows
    .slice(0, Math.max(0, shown))
    .flatMap((row, i) => [table.lines[i] ?? '', ...(details ? [nextLine(row, screen)] : [])]);
  const more = rows.length - Math.max(0, shown);
  const lines = [
    head,
    ...(rows.length === 0 ? [ink('dim', 'Nothing is rolled out now.')] : [table.titles, ...body]),
    ...(more > 0 ? [ink('dim', `and ${more} more`)] : []),
  ];
  const left = height - lines.length - 1;
  const news = left <= 0 ? [] : latest.slice(-Math.min(left, LATEST));
  return [...lines, ...(news.length === 0 ? [] : ['', ...news.map((entry) => newsLine(entry, ink))])]
    .slice(0, height)
    .map((text) => clip(text, width));
}

const LATEST = 5;

/** What comes next, behind who must act. */
function nextLine(row: BoardFacts, { now, ink }: Screen): string {
  const who = mustAct(row);
  return `    ${who === 'nobody' ? '' : `${ink('warn', `[${who}]`)} `}${nextText(row, now)}`;
}

/** Without `details` below each line they stand at its end, as far as it reaches. */
function tableOf(
  rows: readonly SharedRow[],
  { now, ink, details }: Screen & { details: boolean },
): { titles: string; lines: string[] } {
  const titles = ['rollout', 'environment', 'state', 'stage', 'exposure', 'health', 'age'];
  if (!details) titles.push('must act', 'next');
  const cells = rows.map((row) => [
    row.id,
    row.environment,
    ink(phaseTone(row), stateText(row)),
    `${stageText(row)} ${stageCount(row)}`.trim(),
    audience(row.exposure),
    healthCell(row, ink),
    ageText(row, now),
    ...(details ? [] : [mustAct(row), nextText(row, now)]),
  ]);
  const sizes = titles.map((title, i) =>
    Math.max(...[title, ...cells.map((row) => row[i] ?? '')].map(widthOf)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => padEnd(cell, sizes[i] ?? 0))
      .join(GAP)
      .trimEnd();
  return { titles: ink('dim', line(titles)), lines: cells.map(line) };
}

function stateText(row: BoardFacts): string {
  return row.pause !== null && row.endedAt === null ? 'paused' : phaseText(row.phase);
}

function healthCell(row: BoardFacts, ink: Ink): string {
  const share = healthShare(row);
  const verdict = row.gate?.verdict;
  const tone = verdict === 'soft' || verdict === 'no-data' ? 'warn' : verdict === 'hard' ? 'bad' : null;
  const text =
    share === null || share === 0 ? healthText(row) : `${healthText(row)} (${Math.round(share * 100)} %)`;
  return tone === null ? text : ink(tone, text);
}

function newsLine({ at, rolloutId, summary }: JournalEntry, ink: Ink): string {
  return `${ink('dim', clock(at).slice(11))}  ${rolloutId}: ${summary}`;
}

/** One line per change, for pipes: what the picture would have shown, and what has happened. */
export function boardLine(
  row: SharedRow,
  { entry, now, ink }: { entry: JournalEntry | null; now: number; ink: Ink },
): string {
  const who = mustAct(row);
  return [
    `${row.id}: ${ink(phaseTone(row), stateText(row))}`,
    `${row.environment}, ${stageText(row)}`,
    `exposure ${audience(row.exposure)}`,
    healthCell(row, ink),
    ageText(row, now),
    ...(entry === null ? [] : [bare(entry.summary)]),
    ...(row.endedAt === null
      ? [`next: ${bare(nextText(row, now))}`, ...(who === 'nobody' ? [] : [`must act: ${who}`])]
      : []),
  ].join('; ');
}

/** Without the full stop, before a semicolon. */
function bare(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
