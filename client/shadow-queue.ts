import { AsyncResource } from 'node:async_hooks';

export interface ShadowQueueOptions {
  /** Shadows that run at once. Default 4. */
  concurrency?: number;
  /** Shadows that wait; further ones are dropped and counted. Default 100. */
  queue?: number;
}

type Job = () => Promise<void>;

/**
 * Runs shadows behind the users' backs, a few at a time. A job keeps its place until it has really ended, also when it
 * is long past its time limit: a new path that hangs stops its own shadowing, and never piles up in the process.
 */
export class ShadowQueue {
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #waiting: Job[] = [];
  #running = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor({ concurrency = 4, queue = 100 }: ShadowQueueOptions = {}) {
    this.#concurrency = concurrency;
    this.#limit = queue;
  }

  /** Why the job was not taken, or null: then it runs, once the present turn of the event loop is over. */
  offer(job: Job): 'queue' | 'closed' | null {
    if (this.#closed) return 'closed';
    if (this.#waiting.length >= this.#limit) return 'queue';
    // In the context of its own request, not of the one whose end made room for it.
    this.#waiting.push(AsyncResource.bind(job));
    setImmediate(() => this.#next());
    return null;
  }

  /** Resolves once nothing waits or runs. */
  async idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Takes no more, and forgets what waits. @returns how many were forgotten */
  close(): number {
    this.#closed = true;
    const forgotten = this.#waiting.splice(0).length;
    this.#tellIdle();
    return forgotten;
  }

  #next(): void {
    if (this.#running >= this.#concurrency) return;
    const job = this.#waiting.shift();
    if (job === undefined) return this.#tellIdle();
    this.#running += 1;
    void job().then(
      () => this.#ended(),
      () => this.#ended(),
    );
  }

  #ended(): void {
    this.#running -= 1;
    this.#next();
  }

  #tellIdle(): void {
    if (this.#running > 0 || this.#waiting.length > 0) return;
    for (const tell of this.#idle.splice(0)) tell();
  }
}
