import { withEffects } from './effects.ts';
import { Examples, type ExamplesOptions, type MismatchExample } from './examples.ts';
import type { Ended } from './judgement.ts';
import { type Compare, parityOf } from './parity.ts';
import { Call, type Path, RequestKey } from './path-call.ts';
import type { Recording } from './recorder.ts';
import { PathTimeout, timed } from './timed.ts';

export interface ReplayOptions<R, I> {
  recordings: readonly Recording[];
  baseline: Path<R, I>;
  canary: Path<R, I>;
  compare?: Compare<R>;
  /** Recordings at once. Default 4. */
  concurrency?: number;
  /** Milliseconds for each path. Default 10,000. */
  timeoutMs?: number;
  examples?: ExamplesOptions;
  signal?: AbortSignal;
}

export interface ReplayReport {
  total: number;
  match: number;
  mismatch: number;
  /** The new path failed where the old one did not. */
  error: number;
  /** One of the paths was too late to be compared. */
  timeout: number;
  /** How often each difference was seen, the most frequent first. */
  differences: { name: string; count: number }[];
  examples: MismatchExample[];
  /** Names of the effects that were suppressed, with their number. */
  suppressed: Record<string, number>;
}

/** Runs recorded requests through both paths, with all effects suppressed, and tells where they disagree. */
export async function replay<R, I = unknown>(options: ReplayOptions<R, I>): Promise<ReplayReport> {
  const { recordings, concurrency = 4, signal } = options;
  const examples = new Examples(options.examples);
  const counts = { match: 0, mismatch: 0, error: 0, timeout: 0 };
  const differences = new Map<string, number>();
  const suppressed: Record<string, number> = {};
  const onSuppressed = (effect: string) => {
    suppressed[effect] = (suppressed[effect] ?? 0) + 1;
  };

  async function one(recording: Recording): Promise<void> {
    const key = new RequestKey(recording.idempotencyKey);
    const through = (path: Path<R, I>) =>
      withEffects({ suppressed: true, idempotencyKey: recording.idempotencyKey, onSuppressed }, () =>
        settle(path, { recording, key, options }),
      );
    const [baseline, canary] = await Promise.all([through(options.baseline), through(options.canary)]);
    if (isLate(baseline) || isLate(canary)) {
      counts.timeout += 1;
      return;
    }
    const parity = parityOf({ baseline, canary, compare: options.compare });
    counts[parity.kind] += 1;
    if (parity.kind === 'match') return;
    const { name } = parity.difference;
    differences.set(name, (differences.get(name) ?? 0) + 1);
    const results = { baseline: what(baseline), canary: what(canary) };
    const { endpoint, input } = recording;
    const example = { endpoint, kind: parity.kind, difference: parity.difference, results, input };
    examples.add(assignmentOf(recording), example);
  }

  const queue = recordings.values();
  const work = async () => {
    for (const recording of queue) {
      signal?.throwIfAborted();
      await one(recording);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  const sorted = [...differences].sort(([, a], [, b]) => b - a).map(([name, count]) => ({ name, count }));
  return {
    total: recordings.length,
    ...counts,
    differences: sorted,
    examples: examples.list(),
    suppressed,
  };
}

interface Replayed<R, I> {
  recording: Recording;
  key: RequestKey;
  options: ReplayOptions<R, I>;
}

async function settle<R, I>(
  path: Path<R, I>,
  { recording, key, options }: Replayed<R, I>,
): Promise<Ended<R>> {
  const call = new Call<I>({
    // Each path its own: one that changes its input must not change the other's.
    input: structuredClone(recording.input) as I,
    assignment: assignmentOf(recording),
    key,
    shadow: true,
    outer: options.signal,
  });
  try {
    return { kind: 'result', result: await timed({ path, call, milliseconds: options.timeoutMs ?? 10_000 }) };
  } catch (error) {
    return { kind: 'error', error };
  }
}

function assignmentOf({ flag, variant, context }: Recording) {
  return {
    flag,
    variant,
    cohort: 'baseline' as const,
    audience: 'public' as const,
    user: context.targetingKey ?? '',
    reason: 'STATIC',
    metadata: {},
    context,
  };
}

function isLate<R>(ended: Ended<R>): boolean {
  return ended.kind === 'error' && ended.error instanceof PathTimeout;
}

function what<R>(ended: Ended<R>): unknown {
  return ended.kind === 'result' ? ended.result : ended.error;
}
