import { setTimeout as wait } from 'node:timers/promises';

/** What a receiver made of a batch. Indexes are those of the batch. */
export type Answer =
  /** Taken, but for the rejected. */
  | { kind: 'taken'; rejected: readonly number[]; why: string }
  /** Not taken: `drop` never will be, the others may be in `afterMs`, or as the backoff says. */
  | { kind: 'again'; afterMs: number | null; drop: readonly number[]; why: string }
  | { kind: 'too-large' }
  | { kind: 'refused'; why: string };

export type Send<E> = (events: readonly E[], signal: AbortSignal) => Promise<Answer>;

export interface DeliveryOptions {
  /** Events in one request. */
  batch?: number;
  /** Events that wait; further ones are dropped. Default 10,000. */
  queue?: number;
  /** Milliseconds after which a batch that is not full is sent. Default 10,000. */
  flushMs?: number;
  /** Milliseconds for one request. Default 10,000. */
  timeoutMs?: number;
  /** The first pause after a failure; each further one is twice as long, up to a minute. Default 1,000. */
  backoffMs?: number;
  /** Times a batch is sent before it is dropped. Default 10. */
  attempts?: number;
  /** Milliseconds that `close` spends on what is left. Default 5,000. */
  closeMs?: number;
  /** Told of everything that was lost or refused. */
  onProblem?: (problem: string, events: number) => void;
}

export interface DeliveryStatus {
  waiting: number;
  sent: number;
  /** Refused by the receiver. */
  rejected: number;
  /** Lost: the queue was full, the receiver was away for too long, or the process ended. */
  dropped: number;
}

const LONGEST_PAUSE_MS = 60_000;

/** Sends events in batches, in their order, and again where that may help. Never throws at its user. */
export class Delivery<E> {
  readonly #send: Send<E>;
  readonly #options: Required<DeliveryOptions>;
  readonly #waiting: E[] = [];
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;
  #sent = 0;
  #rejected = 0;
  #dropped = 0;

  constructor(send: Send<E>, options: DeliveryOptions) {
    this.#send = send;
    this.#options = {
      batch: 100,
      queue: 10_000,
      flushMs: 10_000,
      timeoutMs: 10_000,
      backoffMs: 1_000,
      attempts: 10,
      closeMs: 5_000,
      onProblem: () => undefined,
      ...options,
    };
  }

  /** False where the event is lost. */
  offer(event: E): boolean {
    if (this.#closed || this.#waiting.length >= this.#options.queue) {
      this.#lose(1, this.#closed ? 'the sender is closed' : 'the queue is full');
      return false;
    }
    this.#waiting.push(event);
    if (this.#waiting.length >= this.#options.batch) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.flushMs).unref();
    return true;
  }

  status(): DeliveryStatus {
    const [sent, rejected, dropped] = [this.#sent, this.#rejected, this.#dropped];
    return { waiting: this.#waiting.length, sent, rejected, dropped };
  }

  /** Sends what waits. Resolves once that is done or given up. */
  async flush(): Promise<void> {
    this.#start();
    await this.#running;
  }

  /** Sends what waits, for a few seconds at the most; what is left then is lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const late = setTimeout(() => this.#end.abort(), this.#options.closeMs);
    await this.flush();
    clearTimeout(late);
    this.#end.abort();
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#deliver(this.#waiting.splice(0, this.#options.batch));
  }

  async #deliver(batch: readonly E[]): Promise<void> {
    const { attempts, timeoutMs, backoffMs } = this.#options;
    let rest = batch;
    for (let attempt = 1; rest.length > 0; attempt++) {
      if (this.#end.signal.aborted) return this.#lose(rest.length, 'the process ended');
      const answer = await this.#ask(rest, timeoutMs);
      switch (answer.kind) {
        case 'taken':
          this.#sent += rest.length - answer.rejected.length;
          return this.#reject(answer.rejected.length, answer.why);
        case 'refused':
          return this.#reject(rest.length, answer.why);
        case 'too-large': {
          if (rest.length === 1) return this.#reject(1, 'the event is too large');
          const half = Math.ceil(rest.length / 2);
          await this.#deliver(rest.slice(0, half));
          rest = rest.slice(half);
          break;
        }
        case 'again': {
          const drop = new Set(answer.drop);
          rest = rest.filter((_, index) => !drop.has(index));
          this.#reject(drop.size, answer.why);
          if (attempt >= attempts) return this.#lose(rest.length, answer.why);
          const longest = Math.min(LONGEST_PAUSE_MS, backoffMs * 2 ** (attempt - 1));
          // By chance, so that many processes do not come back at the same moment.
          const pause = answer.afterMs ?? longest * (0.5 + Math.random() / 2);
          if (rest.length > 0) await this.#pause(pause);
        }
      }
    }
  }

  async #ask(batch: readonly E[], timeoutMs: number): Promise<Answer> {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#end.signal]);
    try {
      return await this.#send(batch, signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { kind: 'again', afterMs: null, drop: [], why };
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    // A process that has nothing else to do may end; `close` waits by itself.
    const options = { signal: this.#end.signal, ref: this.#closed };
    await wait(milliseconds, undefined, options).catch(() => undefined);
  }

  #reject(events: number, why: string): void {
    if (events === 0) return;
    this.#rejected += events;
    this.#tell(`refused: ${why}`, events);
  }

  #lose(events: number, why: string): void {
    if (events === 0) return;
    this.#dropped += events;
    this.#tell(`lost: ${why}`, events);
  }

  #tell(problem: string, events: number): void {
    try {
      this.#options.onProblem(problem, events);
    } catch {
      // A log that fails is not a reason to stop sending.
    }
  }
}
