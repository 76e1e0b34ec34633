import { setTimeout as wait } from 'node:timers/promises';
import type { Assignment } from './assignment.ts';
import { withEffects } from './effects.ts';
import type { Examples } from './examples.ts';
import { type Ended, type Judgement, judged } from './judgement.ts';
import { type Compare, type Parity, parityOf } from './parity.ts';
import { Call, type Path, type RequestKey } from './path-call.ts';
import type { ParityResult, PathMetrics } from './path-metrics.ts';
import { ShadowQueue, type ShadowQueueOptions } from './shadow-queue.ts';
import { PathTimeout } from './timed.ts';

const TIMEOUT_MS = 10_000;

/** One request whose other path runs too. */
export interface ShadowJob<R, I> {
  assignment: Assignment;
  /** The path that runs as the shadow. */
  shadow: 'baseline' | 'canary';
  path: Path<R, I>;
  input: I;
  key: RequestKey;
  endpoint: string;
  /** How the path that served ended, and after how many seconds. */
  served: Ended<R>;
  seconds: number;
  variants: { baseline: string; canary: string };
  timeoutMs?: number | undefined;
  compare: Compare<R> | undefined;
  judge: ((ended: Ended<R>) => Judgement) | undefined;
}

export class Shadows {
  readonly #queue: ShadowQueue;
  readonly #metrics: PathMetrics;
  readonly #examples: Examples;

  constructor(
    { metrics, examples }: { metrics: PathMetrics; examples: Examples },
    options?: ShadowQueueOptions,
  ) {
    this.#queue = new ShadowQueue(options);
    this.#metrics = metrics;
    this.#examples = examples;
  }

  /** Runs the shadow and compares, some time after the user was served. Never throws. */
  offer<R, I>(job: ShadowJob<R, I>): void {
    // The caller owns the result from here on and may change it before the comparison.
    const served = job.compare === undefined ? snapshot(job.served) : job.served;
    const dropped = this.#queue.offer(() => this.#run({ ...job, served }));
    if (dropped !== null) this.#metrics.dropped(job.assignment.flag, dropped);
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  close(): void {
    this.#queue.close();
  }

  async #run<R, I>(job: ShadowJob<R, I>): Promise<void> {
    const { flag } = job.assignment;
    const call = new Call<I>({ ...job, shadow: true, outer: undefined });
    const began = performance.now();
    const running = withEffects(
      {
        suppressed: true,
        idempotencyKey: job.key.value,
        onSuppressed: (effect) => this.#metrics.suppressed(flag, effect),
      },
      () => settle(job.path, call),
    );
    const ended = await inTime(running, { call, milliseconds: job.timeoutMs ?? TIMEOUT_MS });
    this.#report(job, ended, (performance.now() - began) / 1_000);
    await running;
  }

  #report<R, I>(job: ShadowJob<R, I>, ...[ended, seconds]: [Ended<R> | 'late', number]): void {
    const { flag } = job.assignment;
    const other = job.shadow === 'canary' ? 'baseline' : 'canary';
    const outcome = ended === 'late' ? 'timeout' : outcomeOf(ended, job);
    this.#metrics.shadowed(flag, { variant: job.variants[job.shadow], outcome, seconds });
    const before = { variant: job.variants[other], outcome: outcomeOf(job.served, job) };
    this.#metrics.shadowed(flag, { ...before, seconds: job.seconds });
    if (ended === 'late') return this.#metrics.parity(flag, 'timeout');

    const both =
      job.shadow === 'canary'
        ? { baseline: job.served, canary: ended }
        : { baseline: ended, canary: job.served };
    const parity: Parity = parityOf({ ...both, compare: job.compare });
    this.#metrics.parity(flag, parity.kind satisfies ParityResult);
    if (parity.kind === 'match') return;
    this.#metrics.difference(flag, parity.difference.name);
    this.#examples.add(job.assignment, {
      endpoint: job.endpoint,
      kind: parity.kind,
      difference: parity.difference,
      results: { baseline: what(both.baseline), canary: what(both.canary) },
      input: job.input,
    });
  }
}

async function settle<R, I>(path: Path<R, I>, call: Call<I>): Promise<Ended<R>> {
  try {
    return { kind: 'result', result: await path(call) };
  } catch (error) {
    return { kind: 'error', error };
  }
}

interface TimeLimit<I> {
  call: Call<I>;
  milliseconds: number;
}

/** Aborts what is late, and says so without waiting for it. */
async function inTime<R, I>(
  running: Promise<Ended<R>>,
  { call, milliseconds }: TimeLimit<I>,
): Promise<Ended<R> | 'late'> {
  const done = new AbortController();
  const late = wait(milliseconds, 'late' as const, { signal: done.signal, ref: false });
  late.catch(() => undefined);
  const first = await Promise.race([running, late]);
  done.abort();
  if (first === 'late') call.abort(new PathTimeout(call.assignment.flag, milliseconds));
  return first;
}

function outcomeOf<R>(
  ended: Ended<R>,
  { judge }: { judge: ((ended: Ended<R>) => Judgement) | undefined },
): 'ok' | 'error' | 'timeout' {
  const { outcome } = judged(ended, judge);
  return outcome === 'aborted' ? 'error' : outcome;
}

/** A copy of data; what cannot be copied (functions, streams) stays what it is. */
function snapshot<R>(ended: Ended<R>): Ended<R> {
  if (ended.kind === 'error' || typeof ended.result !== 'object' || ended.result === null) return ended;
  try {
    return { kind: 'result', result: structuredClone(ended.result) };
  } catch {
    return ended;
  }
}

function what<R>(ended: Ended<R>): unknown {
  return ended.kind === 'result' ? ended.result : ended.error;
}
