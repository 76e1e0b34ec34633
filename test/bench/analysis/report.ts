import { METHOD } from './method.ts';
import { besideMethod, missesOf, outOfOrder } from './misses.ts';
import { RIVALS } from './rivals.ts';
import { EVEN, GATES } from './rollout.ts';
import { MEANING } from './scenarios.ts';
import type { CellSummary, Summary } from './summary.ts';
import { falseTarget, findTarget, HARD, SOURCE } from './targets.ts';

const JUDGES = [...RIVALS.map(({ name }) => name), ...GATES, EVEN, METHOD];
/** They say nothing of soft and hard. */
const PLAIN = new Set([...RIVALS.map(({ name }) => name), METHOD]);

/** The tables for people: ours, and in brackets the figure of the method's own simulation. */
export function report(cells: readonly CellSummary[], rollouts: number): string {
  return [
    `${rollouts} rollouts of each; in brackets: ${SOURCE}`,
    falseTable(cells, { group: 'aa', title: 'False rollbacks per rollout with no regression, %' }),
    falseTable(cells, { group: 'edge', title: "At the null's edge (true +0.1 pp), %" }),
    findTable(cells, 'find', 'Found within the stage, % / median / 90th percentile in s / called hard, %'),
    findTable(cells, 'latency', 'Latency, margin 20 %: the same'),
    findTable(cells, 'proof', 'Proof of safety, margin 0.5 pp: shown, % / median / 90th percentile in s'),
    costTable(cells),
    hardText(cells),
    listing('A worse regression found later than a smaller one', outOfOrder(cells)),
    listing('Beside the method before, on the same traces', besideMethod(cells)),
    listing(
      'Short of what is to be reached',
      cells
        .flatMap(missesOf)
        .map(
          ({ id, judge, text, close }) =>
            `${id}, ${judge}: ${text}${close ? ' (within the error of the simulation)' : ''}`,
        ),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function falseTable(
  cells: readonly CellSummary[],
  { group, title }: { group: string; title: string },
): string {
  const columns = cells.filter(({ cell }) => cell.id.startsWith(`${group}/`));
  if (columns.length === 0) return '';
  const rows = JUDGES.flatMap((judge) => {
    const values = columns.map(({ cell, judges }) => {
      const one = judges.find((summary) => summary.judge === judge);
      return one === undefined ? '' : `${number(one.share)}${bracket(falseTarget(judge, cell.id))}`;
    });
    return values.every((value) => value === '') ? [] : [[judge, ...values]];
  });
  const names = columns.map(({ cell }) => cell.scenario);
  const meanings = names.map((name) => `  ${name}: ${MEANING[name] ?? ''}`);
  return [table([[title, ...names], ...rows]), ...meanings].join('\n');
}

function findTable(cells: readonly CellSummary[], group: string, title: string): string {
  const found = cells.filter(({ cell }) => cell.id.startsWith(`${group}/`));
  if (found.length === 0) return '';
  const judges = JUDGES.filter((judge) => found.some((one) => one.judges.some((s) => s.judge === judge)));
  const rows = found.map(({ cell, judges: all }) => {
    const target = findTarget(cell.id);
    return [
      cell.id,
      target === undefined ? '' : `[${target.share ?? ''} / ${target.median}]`,
      ...judges.map((judge) => told(all.find((summary) => summary.judge === judge))),
    ];
  });
  const early = found.flatMap(({ cell, judges: all }) =>
    all.flatMap((one) =>
      one.early > 0 ? [`  ${cell.id}, ${one.judge}: ${one.early} stopped before the onset`] : [],
    ),
  );
  const short = judges.map((judge) => (judge.length > 24 ? `${judge.slice(0, 23)}…` : judge));
  return [table([[title, '', ...short], ...rows]), ...early].join('\n');
}

function told(one: Summary | undefined): string {
  if (one === undefined) return '';
  const { share, median, p90, hard, judge } = one;
  const called = hard === null || PLAIN.has(judge) ? '' : ` / ${number(hard)}`;
  return `${number(share)} / ${median ?? '-'} / ${p90 ?? '-'}${called}`;
}

function costTable(cells: readonly CellSummary[]): string {
  const rows = JUDGES.flatMap((judge) => {
    const all = cells.flatMap(({ cell, judges }) =>
      cell.kind === 'false' ? judges.filter((one) => one.judge === judge).map(({ micros }) => micros) : [],
    );
    if (all.length === 0) return [];
    const sorted = all.sort((a, b) => a - b);
    return [[judge, (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1)]];
  });
  return rows.length === 0 ? '' : table([['CPU of a poll, median, microseconds', ''], ...rows]);
}

function hardText(cells: readonly CellSummary[]): string {
  const lines = Object.entries(HARD).flatMap(([size, [low, high]]) => {
    const shares = cells
      .filter(({ cell }) => cell.id.startsWith('find/S2/') && cell.id.endsWith(`/${size}`))
      .flatMap(({ judges }) => judges.filter(({ judge }) => judge === '24 h of history'))
      .flatMap(({ hard }) => (hard === null ? [] : [hard]));
    if (shares.length === 0) return [];
    return [`  ${size}: ${number(Math.min(...shares))}-${number(Math.max(...shares))} % [${low}-${high}]`];
  });
  return lines.length === 0 ? '' : ['Called hard in S2, over the stages', ...lines].join('\n');
}

function listing(title: string, lines: readonly string[]): string {
  return [`${title}: ${lines.length === 0 ? 'nowhere' : ''}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function number(value: number): string {
  return value >= 99.95 || value === 0 ? String(Math.round(value)) : value.toFixed(value < 10 ? 2 : 1);
}

function bracket(value: number | null): string {
  return value === null ? '' : ` [${value}]`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((value, i) => (i === 0 ? value.padEnd(widths[i] ?? 0) : value.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
