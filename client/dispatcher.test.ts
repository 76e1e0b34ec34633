import { AsyncLocalStorage } from 'node:async_hooks';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryFlags } from '../test/fixtures/flags-in-memory.ts';
import { type Counted, counters, total } from '../test/fixtures/metrics-page.ts';
import type { Assignment } from './assignment.ts';
import { createDispatcher } from './dispatcher.ts';
import type { DispatcherOptions } from './dispatcher-options.ts';
import { PathTimeout } from './timed.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function shop(options: Partial<DispatcherOptions> = {}, metadata = {}) {
  const flags = await memoryFlags({ pricing: (key) => (key.startsWith('new') ? 'on' : 'off') }, metadata);
  const registry = new Registry();
  const dispatcher = createDispatcher({ service: 'shop', client: flags.client, registry, ...options });
  cleanups.push(flags.close, () => dispatcher.close());
  const page = async (): Promise<Counted[]> => counters([await registry.metrics()]);
  const count = async (name: string, labels: Record<string, string> = {}) =>
    total(await page(), name, labels);
  return { flags, dispatcher, count };
}

const fresh = { flag: 'pricing', context: { targetingKey: 'new-ada' } };
const old = { flag: 'pricing', context: { targetingKey: 'bob' } };
const paths = { baseline: () => 'old', canary: () => 'new' };

const broken = () => {
  throw new Error('broken');
};
/** A path that hangs until it is told to stop. */
const hangs =
  (told: (reason: unknown) => void = () => undefined) =>
  ({ signal }: { signal: AbortSignal }) =>
    new Promise<string>((_, reject) => {
      signal.addEventListener('abort', () => {
        told(signal.reason);
        reject(new Error('told to stop'));
      });
    });

describe('a dispatcher', () => {
  it('serves each user by the flag and counts both cohorts', async () => {
    const { dispatcher, count } = await shop();
    expect(await dispatcher.run({ ...fresh, ...paths, endpoint: 'GET /price' })).toBe('new');
    expect(await dispatcher.run({ ...old, ...paths, endpoint: 'GET /price' })).toBe('old');
    expect(await dispatcher.run({ ...old, ...paths, endpoint: 'GET /price' })).toBe('old');
    const labels = { service: 'shop', flag: 'pricing', audience: 'public', endpoint: 'GET /price' };
    expect(await count('tidegate_requests_total', { ...labels, variant: 'on', outcome: 'ok' })).toBe(1);
    expect(await count('tidegate_requests_total', { ...labels, variant: 'off', outcome: 'ok' })).toBe(2);
    expect(await count('tidegate_request_duration_seconds_count', { ...labels, variant: 'off' })).toBe(2);
    expect(await count('tidegate_users', { variant: 'off' })).toBe(1);
  });

  it('takes asynchronous and synchronous paths', async () => {
    const { dispatcher, count } = await shop();
    expect(await dispatcher.run({ ...fresh, ...paths, canary: async () => 'later' })).toBe('later');
    const assignment = await dispatcher.assign('pricing', fresh.context);
    expect(dispatcher.runSync({ assignment, ...paths })).toBe('new');
    expect(() => dispatcher.runSync({ assignment, ...paths, canary: broken })).toThrow('broken');
    expect(dispatcher.runSync({ assignment, ...paths, canary: broken, fallback: 'safe' })).toBe('old');
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'error' })).toBe(2);
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'ok' })).toBe(2);
    expect(await count('tidegate_fallbacks_total', { reason: 'error', result: 'ok' })).toBe(1);
  });

  it('hands the input, a key and a signal to the paths', async () => {
    const { dispatcher } = await shop();
    const keys: string[] = [];
    const result = await dispatcher.run({
      ...fresh,
      input: { quantity: 3 },
      baseline: ({ input, idempotencyKey }) => keys.push(idempotencyKey) && input.quantity * 2,
      canary: ({ idempotencyKey, signal, shadow }) => {
        keys.push(idempotencyKey);
        expect(signal.aborted).toBe(false);
        expect(shadow).toBe(false);
        throw new Error('broken');
      },
      fallback: 'safe',
    });
    expect(result).toBe(6);
    expect(keys[0]).toMatch(/[0-9a-f-]{36}/);
    // A payment that the new path began must not be charged again by the old one.
    expect(keys[1]).toBe(keys[0]);
  });
});

describe('a new path that fails', () => {
  it('fails the request unless the caller says that the old one may answer', async () => {
    const { dispatcher, count } = await shop();
    await expect(dispatcher.run({ ...fresh, ...paths, canary: broken })).rejects.toThrow('broken');
    expect(await dispatcher.run({ ...fresh, ...paths, canary: broken, fallback: 'safe' })).toBe('old');
    // Both count against the new path's cohort: a fallback must not hide a failure.
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'error' })).toBe(2);
    expect(await count('tidegate_requests_total', { variant: 'off' })).toBe(0);
    expect(await count('tidegate_fallbacks_total', { flag: 'pricing', reason: 'error', result: 'ok' })).toBe(
      1,
    );
  });

  it('lets the caller decide by the failure', async () => {
    const { dispatcher } = await shop();
    const fallback = ({ error }: { error?: unknown }) =>
      error instanceof Error && error.message === 'harmless';
    const canary = (message: string) => () => {
      throw new Error(message);
    };
    expect(await dispatcher.run({ ...fresh, ...paths, canary: canary('harmless'), fallback })).toBe('old');
    await expect(dispatcher.run({ ...fresh, ...paths, canary: canary('charged'), fallback })).rejects.toThrow(
      'charged',
    );
    const careless = () => {
      throw new Error('the predicate');
    };
    await expect(dispatcher.run({ ...fresh, ...paths, canary: broken, fallback: careless })).rejects.toThrow(
      'broken',
    );
  });

  it('is given up after its time, told to stop, and counted as a time-out', async () => {
    const { dispatcher, count } = await shop();
    const reasons: unknown[] = [];
    const canary = hangs((reason) => reasons.push(reason));
    await expect(dispatcher.run({ ...fresh, ...paths, canary, timeoutMs: 5 })).rejects.toThrow(
      'did not answer within 5 ms',
    );
    expect(reasons[0]).toBeInstanceOf(PathTimeout);
    expect(await dispatcher.run({ ...fresh, ...paths, canary, timeoutMs: 5, fallback: 'safe' })).toBe('old');
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'timeout' })).toBe(2);
    expect(await count('tidegate_fallbacks_total', { reason: 'timeout' })).toBe(1);
  });

  it('is stopped and replaced in the context of its own request, whatever others are late beside it', async () => {
    const { dispatcher } = await shop();
    const request = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const note = (what: string) => seen.push(`${what} ${request.getStore()}`);
    const canary = hangs(() => note('stops'));
    const baseline = () => void note('old');
    const late = { ...fresh, canary, baseline, timeoutMs: 5, fallback: 'safe' } as const;
    await Promise.all(['one', 'two'].map((name) => request.run(name, () => dispatcher.run(late))));
    expect(seen.toSorted()).toEqual(['old one', 'old two', 'stops one', 'stops two']);
  });

  it('may also fail by what it answers', async () => {
    const { dispatcher, count } = await shop();
    const request = {
      ...fresh,
      baseline: () => ({ status: 200 }),
      canary: () => ({ status: 503 }),
      judge: (ended: { kind: string; result?: { status: number } | undefined }) =>
        ended.result === undefined ? {} : { code: ended.result.status },
    };
    expect(await dispatcher.run(request)).toEqual({ status: 503 });
    expect(await dispatcher.run({ ...request, fallback: 'safe' })).toEqual({ status: 200 });
    expect(await count('tidegate_requests_total', { variant: 'on', code: '503', outcome: 'error' })).toBe(2);
    expect(await count('tidegate_fallbacks_total', { reason: 'result' })).toBe(1);
  });

  it('does not answer for a caller who has gone', async () => {
    const { dispatcher, count } = await shop();
    const gone = new AbortController();
    const running = dispatcher.run({
      ...fresh,
      ...paths,
      canary: hangs(),
      signal: gone.signal,
      fallback: 'safe',
    });
    await new Promise(setImmediate);
    gone.abort();
    await expect(running).rejects.toThrow('told to stop');
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'aborted' })).toBe(1);
    expect(await count('tidegate_fallbacks_total')).toBe(0);
  });
});

describe('an old path that fails', () => {
  it('fails as it did before the dispatcher', async () => {
    const { dispatcher, count } = await shop();
    const error = Object.assign(new Error('not found'), { status: 404 });
    const baseline = () => Promise.reject(error);
    await expect(dispatcher.run({ ...old, ...paths, baseline, fallback: 'safe' })).rejects.toBe(error);
    expect(await count('tidegate_requests_total', { variant: 'off', code: '404', outcome: 'error' })).toBe(1);
    // Also where it stood in for the new one.
    await expect(
      dispatcher.run({ ...fresh, ...paths, baseline, canary: broken, fallback: 'safe' }),
    ).rejects.toBe(error);
    expect(await count('tidegate_fallbacks_total', { result: 'error' })).toBe(1);
  });
});

describe('the flag', () => {
  it('gives the old path where it cannot be evaluated, and the error is counted', async () => {
    const { dispatcher, count } = await shop({
      transform: (context) => {
        if (context['bad'] === true) throw new Error('no such key');
        return { ...context, targetingKey: `new-${context.targetingKey}` };
      },
    });
    expect(await dispatcher.run({ ...old, flag: 'unknown', ...paths })).toBe('old');
    expect(await count('tidegate_evaluation_errors_total', { code: 'FLAG_NOT_FOUND' })).toBe(1);
    // The transform changes what the flag sees, and nothing else.
    expect(await dispatcher.run({ ...old, ...paths })).toBe('new');
    expect(
      await dispatcher.run({ flag: 'pricing', context: { targetingKey: 'bob', bad: true }, ...paths }),
    ).toBe('old');
  });

  it('starts the count of users anew when it changes', async () => {
    const { dispatcher, flags, count } = await shop();
    await dispatcher.run({ ...old, ...paths });
    expect(await count('tidegate_users', { variant: 'off' })).toBe(1);
    flags.set({ pricing: 'off' });
    await expect.poll(() => count('tidegate_users', { variant: 'off' })).toBe(0);
  });

  it('answers with yes or no in the simple case', async () => {
    const { dispatcher, count } = await shop();
    expect(await dispatcher.isEnabled('pricing', fresh.context)).toBe(true);
    expect(await dispatcher.isEnabled('pricing', old.context)).toBe(false);
    expect(await dispatcher.isEnabled('unknown', old.context)).toBe(false);
    expect(await count('tidegate_users', { variant: 'on' })).toBe(1);
    await dispatcher.peek('pricing', { targetingKey: 'new-bot' });
    expect(await count('tidegate_users', { variant: 'on' })).toBe(1);
  });

  it('tells who was assigned what, and is not stopped by a listener that fails', async () => {
    const told: Assignment[] = [];
    const { dispatcher } = await shop({
      audience: ({ email }) => (email === 'eve@example.com' ? 'internal' : 'public'),
      assignments: [
        { assigned: broken, close: async () => undefined },
        { assigned: (assignment) => told.push(assignment), close: async () => undefined },
      ],
    });
    const context = { targetingKey: 'new-eve', email: 'eve@example.com', tenant: 'acme' };
    expect(await dispatcher.run({ flag: 'pricing', context, ...paths })).toBe('new');
    expect(told).toMatchObject([
      {
        flag: 'pricing',
        variant: 'on',
        cohort: 'canary',
        audience: 'internal',
        tenant: 'acme',
        user: 'new-eve',
      },
    ]);
  });
});

describe('a stage at 0 %', () => {
  it('runs the old path for both cohorts, and counts them', async () => {
    const { dispatcher, count } = await shop({ mode: 'aa' });
    expect(await dispatcher.run({ ...fresh, ...paths })).toBe('old');
    expect(await dispatcher.run({ ...old, ...paths })).toBe('old');
    expect(await dispatcher.isEnabled('pricing', fresh.context)).toBe(false);
    expect(await count('tidegate_requests_total', { variant: 'on' })).toBe(1);
    expect(await count('tidegate_requests_total', { variant: 'off' })).toBe(1);
    expect(await count('tidegate_users', { variant: 'on' })).toBe(1);
  });

  it('is switched by the metadata of the flag, and an unknown word serves nothing new', async () => {
    const { dispatcher, flags } = await shop({}, { 'tidegate.mode': 'aa' });
    expect(await dispatcher.run({ ...fresh, ...paths })).toBe('old');
    flags.set({ pricing: 'on' }, { 'tidegate.mode': 'live' });
    expect(await dispatcher.run({ ...fresh, ...paths })).toBe('new');
    flags.set({ pricing: 'on' }, { 'tidegate.mode': 'drak' });
    expect(await dispatcher.run({ ...fresh, ...paths })).toBe('old');
  });
});

describe('a drill', () => {
  const drill = { 'tidegate.drill.errorRate': 1, 'tidegate.drill.percent': 100 };
  const users = Array.from({ length: 400 }, (_, i) => ({
    flag: 'pricing',
    context: { targetingKey: `new-${i}` },
  }));

  async function failures(options: Partial<DispatcherOptions>, metadata: object) {
    const { dispatcher, count } = await shop(options, metadata);
    const served = await Promise.all(
      users.map((user) => dispatcher.run({ ...user, ...paths }).catch((error: Error) => error.name)),
    );
    return { failed: served.filter((one) => one === 'DrillError').length, count, dispatcher };
  }

  it('never happens unless the application allows it', async () => {
    expect((await failures({}, drill)).failed).toBe(0);
  });

  it('breaks the new path for a small part of its users, and is told apart', async () => {
    const { failed, count, dispatcher } = await failures({ drills: true }, drill);
    // Ten percent at the most, whatever the flag says.
    expect(failed).toBeGreaterThan(15);
    expect(failed).toBeLessThan(70);
    expect(await count('tidegate_drill_total', { effect: 'error' })).toBe(failed);
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'error' })).toBe(failed);
    const safe = await Promise.all(
      users.map((user) => dispatcher.run({ ...user, ...paths, fallback: 'safe' })),
    );
    expect(safe.filter((one) => one === 'old')).toHaveLength(failed);
  });

  it('makes requests late, too', async () => {
    const { failed, count } = await failures(
      { drills: { mostPercent: 100 } },
      { 'tidegate.drill.latencyMs': 1, 'tidegate.drill.percent': 100 },
    );
    expect(failed).toBe(0);
    expect(await count('tidegate_drill_total', { effect: 'latency' })).toBe(users.length);
  });

  it('ends by itself at its time', async () => {
    const until = (ms: number) => ({ ...drill, 'tidegate.drill.until': Date.now() + ms });
    expect((await failures({ drills: true }, until(-1))).failed).toBe(0);
    expect((await failures({ drills: true }, until(60_000))).failed).toBeGreaterThan(0);
  });

  it.each([[{ 'tidegate.drill.errorRate': 'all' }], [{ 'tidegate.drill.errorRate': 7 }], [{}]])(
    'is not made of nonsense: %j',
    async (metadata) => {
      expect((await failures({ drills: true }, metadata)).failed).toBe(0);
    },
  );
});
