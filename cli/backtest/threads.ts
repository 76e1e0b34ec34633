import { Worker } from 'node:worker_threads';
import type { Plan } from '../../plans/plan.ts';
import type { TraceRunResult } from '../../rollout/trace-run.ts';
import type { NumberedLine } from './lines.ts';

/** Lines that go to a thread at once, and how many of such batches it may have before the reader waits for it. */
const BATCH = 500;
const AHEAD = 4;

/** Runs the rollouts of a trace on several threads: all lines of one rollout, and of those that it goes on after, on one of them. */
export class TraceThreads {
  readonly #threads: Thread[];
  readonly #owners = new Map<string, Thread>();

  constructor(plan: Plan, count: number) {
    this.#threads = Array.from({ length: count }, () => new Thread(plan));
  }

  get rollouts(): number {
    return this.#owners.size;
  }

  /** Waits where the line's thread is far behind. */
  async add(line: NumberedLine): Promise<void> {
    const rollout = named(ROLLOUT, line.text);
    const next = this.#threads[this.#owners.size % this.#threads.length];
    const owner = this.#owners.get(rollout) ?? this.#owners.get(named(AFTER, line.text)) ?? next;
    if (owner === undefined) return;
    this.#owners.set(rollout, owner);
    await owner.add(line);
  }

  async finish(): Promise<TraceRunResult[]> {
    return Promise.all(this.#threads.map((thread) => thread.finish()));
  }

  /** Ends them, whatever they are at. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #result: Promise<TraceRunResult>;
  #batch: NumberedLine[] = [];
  /** Batches that it has not answered yet. */
  #ahead = 0;
  #caughtUp: (() => void) | null = null;

  constructor(plan: Plan) {
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), { workerData: plan });
    this.#result = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: 'done' | TraceRunResult) => {
        if (message !== 'done') return resolve(message);
        this.#ahead -= 1;
        this.#caughtUp?.();
      });
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(new Error('a thread of the backtest has ended early')));
    });
    // Told where something waits for the thread.
    this.#result.catch(() => undefined);
  }

  async add(line: NumberedLine): Promise<void> {
    this.#batch.push(line);
    if (this.#batch.length < BATCH) return;
    this.#send();
    while (this.#ahead > AHEAD) {
      const answer = new Promise<void>((resolve) => {
        this.#caughtUp = resolve;
      });
      await Promise.race([answer, this.#result]);
    }
  }

  async finish(): Promise<TraceRunResult> {
    this.#send();
    this.#worker.postMessage('end');
    return this.#result;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(): void {
    this.#worker.postMessage(this.#batch);
    this.#batch = [];
    this.#ahead += 1;
  }
}

const ROLLOUT = /"rollout"\s*:\s*"((?:[^"\\]|\\.)*)"/;

const AFTER = /"after"\s*:\s*"((?:[^"\\]|\\.)*)"/;

/** Whose line it is; a line that does not say is nobody's, and any thread finds it wrong. */
function named(where: RegExp, text: string): string {
  const name = where.exec(text)?.[1] ?? '';
  if (!name.includes('\\')) return name;
  try {
    return String(JSON.parse(`"${name}"`));
  } catch {
    return name;
  }
}
