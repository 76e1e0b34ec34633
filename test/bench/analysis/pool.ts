import { parentPort, Worker } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import type { Outcome } from './rollout.ts';
import { rollout } from './rollout.ts';

/** Rollouts of one cell with the seeds `from` to `to`, without the latter. */
interface Task {
  cell: Cell;
  from: number;
  to: number;
}

interface Done {
  task: Task;
  outcomes: Outcome[];
}

/** Rollouts that one message asks for. */
const CHUNK = 10;

/** In a thread of the pool: does what it is asked, until the pool ends it. */
export function work(): void {
  parentPort?.on('message', (task: Task) => {
    const outcomes: Outcome[] = [];
    for (let seed = task.from; seed < task.to; seed++) outcomes.push(rollout(task.cell, seed));
    parentPort?.postMessage({ task, outcomes } satisfies Done);
  });
}

export interface Job {
  cells: readonly Cell[];
  rollouts: number;
  seeds: number;
  threads: number;
  /** The program whose other threads call `work`. */
  program: URL;
  /** Called when all rollouts of a cell are over. */
  tell: (cell: Cell, outcomes: readonly Outcome[]) => void;
}

/** Runs all rollouts of all cells, each cell from the same seeds on. */
export async function runAll(job: Job): Promise<void> {
  const tasks: Task[] = [];
  for (const cell of job.cells) {
    for (let i = 0; i < job.rollouts; i += CHUNK)
      tasks.push({ cell, from: job.seeds + i, to: job.seeds + Math.min(i + CHUNK, job.rollouts) });
  }
  const results = new Map<string, Outcome[]>();
  const collect = ({ task, outcomes }: Done) => {
    const all = [...(results.get(task.cell.id) ?? []), ...outcomes];
    results.set(task.cell.id, all);
    if (all.length < job.rollouts) return;
    results.delete(task.cell.id);
    job.tell(
      task.cell,
      all.sort((a, b) => a.seed - b.seed),
    );
  };
  await Promise.all(
    Array.from({ length: job.threads }, () => thread(job.program, { next: () => tasks.shift(), collect })),
  );
}

function thread(
  program: URL,
  queue: { next: () => Task | undefined; collect: (done: Done) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program);
    const feed = () => {
      const task = queue.next();
      if (task === undefined) void worker.terminate();
      else worker.postMessage(task);
    };
    worker.on('message', (done: Done) => {
      queue.collect(done);
      feed();
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve());
    feed();
  });
}
