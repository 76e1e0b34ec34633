import { type QueryAnswer, sizeOf } from './prometheus-api.ts';

/** How many queries went out and how many were answered from one that somebody else had asked. */
export interface QueryCounters {
  sent: number;
  shared: number;
}

interface Entry {
  answer: Promise<QueryAnswer>;
  samples: number;
  expires: number;
}

export interface QueryCacheOptions {
  /** How long an answer is kept, in milliseconds: gates read one window within moments of each other. */
  ttl: number;
  entries: number;
  /** Samples of all kept answers together. */
  samples: number;
  /** Milliseconds. */
  now: () => number;
}

/**
 * One query for all gates that ask the same text at the same moment, in flight or just answered. The answer for a
 * past moment does not change, so sharing changes no number. A failure is shared only while in flight.
 */
export class QueryCache {
  readonly counters: QueryCounters = { sent: 0, shared: 0 };
  readonly #options: QueryCacheOptions;
  /** In the order of asking, so that the oldest goes first. */
  readonly #entries = new Map<string, Entry>();
  #samples = 0;

  constructor(options: QueryCacheOptions) {
    this.#options = options;
  }

  get(key: string, ask: () => Promise<QueryAnswer>): Promise<QueryAnswer> {
    this.#trim();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.counters.shared += 1;
      return known.answer;
    }
    this.counters.sent += 1;
    const entry: Entry = { answer: ask(), samples: 0, expires: this.#options.now() + this.#options.ttl };
    this.#entries.set(key, entry);
    entry.answer.then(
      (answer) => {
        if (this.#entries.get(key) !== entry) return;
        entry.samples = sizeOf(answer.series);
        this.#samples += entry.samples;
        this.#trim();
      },
      () => this.#drop(key, entry),
    );
    return entry.answer;
  }

  #trim(): void {
    const { entries, samples, now } = this.#options;
    for (const [key, entry] of this.#entries) {
      const full = this.#entries.size > entries || this.#samples > samples;
      if (!full && entry.expires > now()) return;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#samples -= entry.samples;
  }
}
