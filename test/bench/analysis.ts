import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { chosen } from './analysis/cells.ts';
import { runAll, work } from './analysis/pool.ts';
import { report } from './analysis/report.ts';
import type { CellSummary } from './analysis/summary.ts';
import { summarize } from './analysis/summary.ts';

/** Far from those of the tests. */
const SEEDS = 7_000_000;

if (isMainThread) await main();
else work();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rollouts: { type: 'string', default: '200' },
      seeds: { type: 'string', default: String(SEEDS) },
      threads: { type: 'string', default: '2' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const cells = chosen(values.only);
  if (values.list) {
    console.log(cells.map(({ id }) => id).join('\n'));
    return;
  }
  if (cells.length === 0) throw new Error(`No cell is called ${values.only ?? ''}; --list tells them all.`);
  const rollouts = whole('--rollouts', values.rollouts);
  const began = performance.now();
  const done: CellSummary[] = [];
  await runAll({
    cells,
    rollouts,
    seeds: whole('--seeds', values.seeds),
    threads: whole('--threads', values.threads),
    program: new URL(import.meta.url),
    tell: (cell, outcomes) => {
      const summary = summarize(cell, outcomes);
      done.push(summary);
      const seconds = Math.round((performance.now() - began) / 1000);
      // Hours are not lost with whoever ends them early.
      const found = summary.judges.map(({ judge, stopped }) => `${judge} ${stopped}`).join(', ');
      console.error(
        `${done.length}/${cells.length} ${cell.id} (${seconds} s), stopped of ${rollouts}: ${found}`,
      );
    },
  });
  // Threads end out of order.
  const inOrder = cells.flatMap((cell) => done.filter((one) => one.cell.id === cell.id));
  console.log(
    values.json
      ? JSON.stringify({ rollouts, cells: inOrder.map(({ cell, judges }) => ({ cell, judges })) }, null, 1)
      : report(inOrder, rollouts),
  );
}

function whole(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} is a whole number from 1.`);
  return number;
}
