import { randomUUID } from 'node:crypto';
import type { Assignment } from './assignment.ts';

/** What a path is given. */
export interface PathCall<I = undefined> {
  /** What `run` was given as `input`. */
  readonly input: I;
  /** Aborted when the time is up, or the caller has gone. Hand it to `fetch`, `pg`, timers. */
  readonly signal: AbortSignal;
  /** The same for both paths of one request, also after a fallback: what a payment provider needs. */
  readonly idempotencyKey: string;
  /** True when nothing of the result is served, and effects are suppressed. */
  readonly shadow: boolean;
  readonly assignment: Assignment;
}

/** An old or a new path. */
export type Path<R, I = undefined> = (call: PathCall<I>) => R | PromiseLike<R>;

/** What both calls of one request share. */
export class RequestKey {
  #key: string | undefined;

  constructor(key: string | undefined) {
    this.#key = key;
  }

  /** Made when first asked for: most paths never do. */
  get value(): string {
    this.#key ??= randomUUID();
    return this.#key;
  }
}

export interface CallParts<I> {
  input: I;
  assignment: Assignment;
  key: RequestKey;
  shadow: boolean;
  /** The caller's own signal. */
  outer: AbortSignal | undefined;
}

/** A call whose costly parts are made when a path asks for them. */
export class Call<I> implements PathCall<I> {
  readonly input: I;
  readonly assignment: Assignment;
  readonly shadow: boolean;
  readonly #key: RequestKey;
  readonly #outer: AbortSignal | undefined;
  #own: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor({ input, assignment, key, shadow, outer }: CallParts<I>) {
    this.input = input;
    this.assignment = assignment;
    this.shadow = shadow;
    this.#key = key;
    this.#outer = outer;
  }

  get idempotencyKey(): string {
    return this.#key.value;
  }

  get signal(): AbortSignal {
    this.#own ??= new AbortController();
    this.#signal ??=
      this.#outer === undefined ? this.#own.signal : AbortSignal.any([this.#own.signal, this.#outer]);
    return this.#signal;
  }

  /** Tells the path to stop; one that asks for its signal only later finds it aborted. */
  abort(reason: unknown): void {
    this.#own ??= new AbortController();
    this.#own.abort(reason);
  }
}
