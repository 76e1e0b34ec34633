import { parentPort, workerData } from 'node:worker_threads';
import { isFailure } from '../plans/failures.ts';
import { preflight } from './preflight.ts';
import type { PreflightJob, PreflightMessage } from './preflight-runner.ts';
import { preflightView } from './preflight-view.ts';

/** The thread of one preflight: told as it goes on, and at the end what it says. */
const { served, ...job } = workerData as PreflightJob;
const say = (message: PreflightMessage) => parentPort?.postMessage(message);

try {
  const report = await preflight({
    ...job,
    fireTest: false,
    now: Date.now() / 1000,
    served: async () => served,
    progress: (done, whole) => say({ kind: 'told', done, whole }),
  });
  say({ kind: 'done', report: preflightView(report) });
} catch (error) {
  if (!isFailure(error)) throw error;
  const { code, message, where, details } = error;
  say({ kind: 'failed', code, message, where, details: [...details] });
}
