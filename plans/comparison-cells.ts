import type { ComparedValue, Comparison, ComparisonRow } from './comparison.ts';
import { partName } from './part-name.ts';
import { latency, percent, plain, points, rate, signed } from './words.ts';

/** One row in words, with the units that people read; a number that is not known is said so. */
export interface RowCells {
  metric: string;
  baseline: string;
  canary: string;
  difference: string;
  /** The difference as a share of the baseline; empty where that tells nothing. */
  relative: string;
  interval: string;
  acceptable: string;
  verdict: string;
}

const NOTHING = '–';

export function cellsOf(row: ComparisonRow, { compared, state }: Comparison): RowCells {
  const people = row.kind === 'requests' || row.kind === 'users';
  return {
    metric: rowLabel(row),
    baseline: valueText(row, row.baseline),
    canary: valueText(row, row.canary),
    difference: differenceText(row, compared),
    relative: people || row.relative === null ? '' : shareText(row.relative),
    interval: row.interval === null ? intervalMissing(row, compared) : intervalText(row, row.interval),
    acceptable: row.acceptable ?? NOTHING,
    verdict:
      row.verdict === null || state === 'ahead'
        ? NOTHING
        : `${row.verdict.replace('-', ' ')}${row.proven === true ? ', proven' : ''}`,
  };
}

/** The rows of the whole, then those of each slice. */
export function groupsOf({ rows }: Comparison): { slice: string | null; rows: ComparisonRow[] }[] {
  const groups: { slice: string | null; rows: ComparisonRow[] }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last?.slice === row.slice) last.rows.push(row);
    else groups.push({ slice: row.slice, rows: [row] });
  }
  return groups;
}

/** `errors`, `latency p95`, `latency > 250 ms`. */
export function rowLabel({ kind, metric, quantile, edge }: ComparisonRow): string {
  if (metric === null) return kind;
  if (quantile !== null) return `${metric} ${quantileName(quantile)}`;
  return edge === null ? metric : `${metric} > ${latency(edge)}`;
}

/** 0.95 → `p95`, 0.999 → `p99.9`. */
export function quantileName(quantile: number): string {
  return `p${Number((quantile * 100).toPrecision(6))}`;
}

function valueText(row: ComparisonRow, { value, of, beyond }: ComparedValue): string {
  if (value === null) return of === 0 ? (row.kind === 'mean' ? 'none seen' : 'no requests') : 'no data';
  if (beyond) return `> ${latency(value)}`;
  return amountText(row, value);
}

function amountText({ kind }: ComparisonRow, value: number): string {
  switch (kind) {
    case 'requests':
    case 'users':
      return Math.round(value).toLocaleString('en-US');
    case 'ratio':
    case 'slow':
      return rate(value);
    case 'quantile':
      return latency(value);
    case 'mean':
    case 'gauge':
      return plain(value);
    default:
      return unreachable(kind);
  }
}

function differenceText(row: ComparisonRow, compared: boolean): string {
  const { difference, kind, baseline, canary } = row;
  if (kind === 'requests' || kind === 'users')
    return difference === null ? NOTHING : `${percent(difference * 100)} of all`;
  if (!compared) return 'not compared';
  if (difference !== null) return movedText(row, difference);
  if (baseline.beyond || canary.beyond) return 'not known';
  return baseline.value === null || canary.value === null ? NOTHING : 'not compared';
}

/** A difference in the row's unit, with its sign. */
function movedText({ kind }: ComparisonRow, difference: number): string {
  if (kind === 'ratio' || kind === 'slow') return points(difference);
  return kind === 'quantile' ? laterText(difference) : signed(difference);
}

/** `+30 ms`; nothing is `0 s`. */
export function laterText(seconds: number): string {
  const text = latency(Math.abs(seconds));
  return text.startsWith('0 ') ? text : `${seconds < 0 ? '-' : '+'}${text}`;
}

function shareText(relative: number): string {
  const text = percent(Math.abs(Number((relative * 100).toPrecision(2))));
  return text === '0 %' ? text : `${relative < 0 ? '-' : '+'}${text}`;
}

/** `-0.04 to +0.31 pp`. */
function intervalText(row: ComparisonRow, [low, high]: readonly [number, number]): string {
  const [a, b] = [movedText(row, low), movedText(row, high)];
  const unit = / \S+$/.exec(b)?.[0] ?? '';
  return `${unit !== '' && a.endsWith(unit) ? a.slice(0, -unit.length) : a} to ${b}`;
}

function intervalMissing({ kind, baseline, canary }: ComparisonRow, compared: boolean): string {
  if (kind === 'requests' || kind === 'users' || !compared) return NOTHING;
  return baseline.value === null || canary.value === null ? NOTHING : 'none';
}

/** What the rows say beside their cells, each thing once. */
export function notesOf({ rows, notes, level }: Comparison): string[] {
  const own = rows.flatMap((row) => {
    const missing = row.baseline.value === null && row.canary.value === null;
    if (row.note === null || missing) return [];
    const name = row.metric === null ? '' : `${partName({ metric: row.metric, slice: row.slice })}: `;
    return [`${name}${row.note}`];
  });
  const intervals = rows.some(({ interval }) => interval !== null)
    ? [`intervals: ${percent(level * 100)} confidence sequences of the difference, valid at every look`]
    : [];
  const quantiles = rows.some(({ kind, interval }) => kind === 'quantile' && interval !== null)
    ? ['intervals of quantiles end at bucket edges: what lies between two of them is not known']
    : [];
  return [...new Set([...intervals, ...quantiles, ...own, ...notes])];
}

const TITLES = ['metric', 'baseline', 'canary', 'difference', 'interval', 'acceptable', 'verdict'] as const;

/** The table as Markdown. */
export function comparisonMarkdown(comparison: Comparison): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(documentText).join(' | ')} |`;
  const rows = groupsOf(comparison).flatMap((group) => [
    ...(group.slice === null
      ? []
      : [`| **${documentText(group.slice)}** |${' |'.repeat(TITLES.length - 1)}`]),
    ...group.rows.map((row) => {
      const cells = cellsOf(row, comparison);
      const difference = cells.relative === '' ? cells.difference : `${cells.difference} (${cells.relative})`;
      return line(TITLES.map((title) => (title === 'difference' ? difference : cells[title])));
    }),
  ]);
  return [line(TITLES), '| --- | ---: | ---: | ---: | ---: | --- | --- |', ...rows];
}

/** What people have written, inside a Markdown document: one line, and no character of it is markup. */
export function documentText(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069\s]+/gu, ' ')
    .trim()
    .replace(/[\\`*_{}[\]<>|~&#]/g, '\\$&');
}

function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
