import { parentPort, workerData } from 'node:worker_threads';
import type { Plan } from '../../plans/plan.ts';
import { TraceRun } from '../../rollout/trace-run.ts';
import type { NumberedLine } from './lines.ts';

/** A thread of a backtest: batches of lines in, `done` for each, and at the end what became of its rollouts. */
const run = new TraceRun(workerData as Plan);

parentPort?.on('message', (message: NumberedLine[] | 'end') => {
  if (message === 'end') {
    parentPort?.postMessage(run.finish());
    parentPort?.close();
    return;
  }
  for (const { text, number } of message) run.add(text, number);
  parentPort?.postMessage('done');
});
