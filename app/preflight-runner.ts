import { Worker } from 'node:worker_threads';
import { Failure, type FailureCode } from '../plans/failures.ts';
import type { PreflightView } from '../server/api/preflights.ts';
import type { PreflightWanted } from '../server/preflight-wanted.ts';
import type { Config } from './config.ts';

export interface PreflightJob extends Omit<PreflightWanted, 'told'> {
  config: Config;
}

export type PreflightMessage =
  | { kind: 'told'; done: number; whole: number }
  | { kind: 'done'; report: PreflightView }
  | { kind: 'failed'; code: FailureCode; message: string; where: string | undefined; details: string[] };

/** A preflight on a thread of its own: it plans for seconds, while this process serves flags and takes kills. */
export function preflightOnThread(
  config: Config,
  { told, ...wanted }: PreflightWanted,
): Promise<PreflightView> {
  const worker = new Worker(new URL('./preflight-thread.js', import.meta.url), {
    workerData: { ...wanted, config } satisfies PreflightJob,
  });
  // A server that ends does not wait for it.
  worker.unref();
  return new Promise((resolve, reject) => {
    worker.on('message', (message: PreflightMessage) => {
      switch (message.kind) {
        case 'told':
          return told(message.done, message.whole);
        case 'done':
          return resolve(message.report);
        case 'failed': {
          const { code, message: text, where, details } = message;
          return reject(new Failure(code, text, { details, ...(where === undefined ? {} : { where }) }));
        }
      }
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of a preflight has ended early')));
  });
}
