import type { Comparison, ComparisonRow } from '../../plans/comparison.ts';
import { cellsOf, groupsOf, notesOf, type RowCells } from '../../plans/comparison-cells.ts';
import { duration } from '../../plans/words.ts';
import { howSure, verdict } from './evidence.ts';
import { clip, padEnd, padStart, widthOf } from './ink.ts';
import type { Page } from './status.ts';
import { field } from './status.ts';

interface Column {
  title: string;
  right: boolean;
  cell: (row: ComparisonRow, cells: RowCells) => string;
}

/** Names of metrics may be long: the numbers are what the table is for. */
const LONGEST_NAME = 28;
const SHORTEST_NAME = 10;
const GAP = 2;

function columnsOf(page: Page, longest: number): Record<string, Column> {
  return {
    metric: {
      title: 'metric',
      right: false,
      cell: ({ slice }, { metric }) => clip(`${slice === null ? '' : '  '}${metric}`, longest),
    },
    baseline: { title: 'baseline', right: true, cell: (_, { baseline }) => baseline },
    canary: { title: 'canary', right: true, cell: (_, { canary }) => canary },
    difference: { title: 'difference', right: true, cell: (_, { difference }) => difference },
    relative: { title: '', right: true, cell: (_, { relative }) => relative },
    interval: { title: 'interval', right: true, cell: (_, { interval }) => interval },
    acceptable: { title: 'acceptable', right: false, cell: (_, { acceptable }) => acceptable },
    soft: { title: 'acceptable', right: false, cell: (_, { acceptable }) => firstPart(acceptable) },
    verdict: {
      title: 'verdict',
      right: false,
      cell: (row, cells) =>
        row.verdict === null || cells.verdict === '–' ? cells.verdict : verdict(row.verdict, page.ink),
    },
  };
}

/** Without the hard margin, which the reader can see where the screen is wider. */
function firstPart(acceptable: string): string {
  return acceptable.startsWith('min(') ? acceptable : (acceptable.split(', ')[0] ?? acceptable);
}

/** The widest that fits is shown. */
const FORMS = [
  ['metric', 'baseline', 'canary', 'difference', 'relative', 'interval', 'acceptable', 'verdict'],
  ['metric', 'baseline', 'canary', 'difference', 'relative', 'interval', 'soft', 'verdict'],
  ['metric', 'baseline', 'canary', 'difference', 'interval', 'soft', 'verdict'],
  ['metric', 'baseline', 'canary', 'difference', 'interval', 'verdict'],
  ['metric', 'baseline', 'canary', 'difference', 'verdict'],
] as const;

/** Both cohorts of one stage side by side, with what it means. */
export function renderComparison(comparison: Comparison, page: Page): string[] {
  const { stage, visit, state, from, to } = comparison;
  const times = from === null || to === null ? '' : `, ${duration(to - from)}`;
  const again = visit > 1 ? `, visit ${visit}` : '';
  const heading = `${page.ink('strong', `stage ${stage}`)}${again} (${state}${times})`;
  return [
    heading,
    '',
    ...comparisonTable(comparison, { ...page, width: page.width - GAP }).map((line) => `  ${line}`),
    '',
    ...field('the gate', comparison.reason, page),
    ...(comparison.compared && to !== null
      ? [`  ${page.ink('dim', padEnd('how sure', 10))}${howSure(comparison, 20, page.ink)}`]
      : []),
    ...notesOf(comparison).flatMap((text, i) => field(i === 0 ? 'mind' : '', text, page)),
  ].map((line) => clip(line, page.width));
}

/** The widest form that fits; in the narrowest the names give way. */
export function comparisonTable(comparison: Comparison, page: Page): string[] {
  const tables = FORMS.map((form) => tableOf(comparison, { form, page, longest: LONGEST_NAME }));
  const last = tables.at(-1);
  const over = last === undefined ? 0 : last.width - page.width;
  const chosen =
    tables.find(({ width }) => width <= page.width) ??
    tableOf(comparison, {
      form: FORMS[FORMS.length - 1] ?? [],
      page,
      longest: Math.max(SHORTEST_NAME, (last?.sizes[0] ?? 0) - over),
    });
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (chosen.shown[i]?.right === true ? padStart : padEnd)(cell, chosen.sizes[i] ?? 0))
      .join('  ')
      .trimEnd();
  let at = 0;
  const lines = groupsOf(comparison).flatMap(({ slice, rows }) => [
    ...(slice === null ? [] : [page.ink('strong', slice)]),
    ...rows.map(() => line(chosen.rows[at++] ?? [])),
  ]);
  return [page.ink('dim', line(chosen.shown.map(({ title }) => title))), ...lines];
}

interface Form {
  form: readonly string[];
  page: Page;
  longest: number;
}

function tableOf(comparison: Comparison, { form, page, longest }: Form) {
  const columns = columnsOf(page, longest);
  const shown = form.map((name) => columns[name]).filter((column) => column !== undefined);
  const rows = comparison.rows.map((row) => {
    const cells = cellsOf(row, comparison);
    return shown.map((column) => column.cell(row, cells));
  });
  const sizes = shown.map(({ title }, i) =>
    Math.max(widthOf(title), ...rows.map((cells) => widthOf(cells[i] ?? ''))),
  );
  return { shown, rows, sizes, width: sizes.reduce((sum, size) => sum + size + GAP, -GAP) };
}
