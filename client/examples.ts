import type { Assignment } from './assignment.ts';
import type { Difference } from './difference.ts';
import { hashUser } from './log-fields.ts';

/** One request whose paths disagreed, for people. */
export interface MismatchExample {
  /** Epoch milliseconds. */
  at: number;
  flag: string;
  endpoint: string;
  kind: 'mismatch' | 'error';
  /** A hash: enough to see whether it is always the same user. */
  user: string;
  difference: Difference;
}

/** What `redact` may keep: the example and both results in full. */
export interface RawExample extends MismatchExample {
  results: { baseline: unknown; canary: unknown };
  input: unknown;
}

export interface ExamplesOptions {
  /** How many are kept, the newest. Default 50. */
  keep?: number;
  /**
   * Turns an example into what may be kept, or null for nothing. Default: no results and no input, and of the
   * differing values only numbers, booleans and null: texts may be names and addresses.
   */
  redact?: (example: RawExample) => MismatchExample | null;
}

export class Examples {
  readonly #keep: number;
  readonly #redact: (example: RawExample) => MismatchExample | null;
  readonly #kept: MismatchExample[] = [];

  constructor({ keep = 50, redact = withoutTexts }: ExamplesOptions = {}) {
    this.#keep = keep;
    this.#redact = redact;
  }

  add(assignment: Assignment, example: Omit<RawExample, 'flag' | 'user' | 'at'>): void {
    if (this.#keep <= 0) return;
    try {
      const { flag, user } = assignment;
      const kept = this.#redact({ at: Date.now(), flag, user: hashUser(user), ...example });
      if (kept === null) return;
      this.#kept.push(kept);
      if (this.#kept.length > this.#keep) this.#kept.shift();
    } catch {
      // What could not be redacted is not kept.
    }
  }

  /** The newest last. */
  list(flag?: string): MismatchExample[] {
    return this.#kept.filter((example) => flag === undefined || example.flag === flag);
  }
}

function withoutTexts(example: RawExample): MismatchExample {
  const { results: _, input: __, difference, ...kept } = example;
  const { name, baseline, canary } = difference;
  return { ...kept, difference: { name, baseline: shape(baseline), canary: shape(canary) } };
}

function shape(value: unknown): unknown {
  if (typeof value === 'string') return `text of ${value.length}`;
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? `list of ${value.length}` : 'object';
}
