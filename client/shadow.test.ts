import { setTimeout as wait } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryFlags } from '../test/fixtures/flags-in-memory.ts';
import { counters, total } from '../test/fixtures/metrics-page.ts';
import { createDispatcher } from './dispatcher.ts';
import type { DispatcherOptions } from './dispatcher-options.ts';
import { effects } from './effects.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function shop(options: Partial<DispatcherOptions> = {}) {
  const flags = await memoryFlags({ pricing: (key) => (key.startsWith('new') ? 'on' : 'off') });
  const registry = new Registry();
  const dispatcher = createDispatcher({ service: 'shop', client: flags.client, registry, ...options });
  cleanups.push(flags.close, () => dispatcher.close());
  const count = async (name: string, labels: Record<string, string> = {}) =>
    total(counters([await registry.metrics()]), name, labels);
  const parity = (result: string) => count('tidegate_parity_total', { flag: 'pricing', result });
  return { dispatcher, count, parity };
}

const fresh = { flag: 'pricing', context: { targetingKey: 'new-ada' } };
const old = { flag: 'pricing', context: { targetingKey: 'bob' } };

describe('a shadow', () => {
  it('runs the new path behind the users of the old one, and compares', async () => {
    const { dispatcher, parity, count } = await shop({ mode: 'shadow' });
    const run = (canary: () => unknown) =>
      dispatcher.run<unknown>({ ...old, baseline: () => ({ total: 5, lines: [{ tax: 1 }] }), canary });
    await run(async () => ({ total: 5, lines: [{ tax: 1 }], note: undefined }));
    await dispatcher.idle();
    expect(await parity('match')).toBe(1);
    // A limit on the increase of mismatches needs the counter to be there before the first one.
    expect(await count('tidegate_parity_total', { result: 'mismatch' })).toBe(0);

    expect(await run(() => ({ total: 5, lines: [{ tax: 2 }] }))).toEqual({ total: 5, lines: [{ tax: 1 }] });
    await run(() => {
      throw new Error('broken');
    });
    await dispatcher.idle();
    expect([await parity('match'), await parity('mismatch'), await parity('error')]).toEqual([1, 1, 1]);
    expect(await count('tidegate_parity_differences_total', { difference: 'lines[].tax' })).toBe(1);
    expect(await count('tidegate_shadow_requests_total', { variant: 'on', outcome: 'error' })).toBe(1);
    expect(await count('tidegate_shadow_duration_seconds_count', { variant: 'off' })).toBe(3);
    // The cohorts' metrics know nothing of shadows: users were served by the old path alone.
    expect(await count('tidegate_requests_total', { variant: 'on' })).toBe(0);
    expect(await count('tidegate_requests_total', { variant: 'off', outcome: 'ok' })).toBe(3);
    expect(dispatcher.mismatches('pricing')).toMatchObject([
      { kind: 'mismatch', difference: { name: 'lines[].tax', baseline: 1, canary: 2 } },
      { kind: 'error', difference: { name: 'error' } },
    ]);
  });

  it('never makes the user wait, and is given up after its time', async () => {
    const { dispatcher, parity } = await shop({ mode: 'shadow' });
    let stopped = false;
    const canary = async ({ signal }: { signal: AbortSignal }) => {
      await wait(60_000, undefined, { signal }).catch(() => {
        stopped = true;
      });
      return 'new';
    };
    const request = { ...old, baseline: () => 'old', canary, shadow: { timeoutMs: 5 } };
    expect(await dispatcher.run(request)).toBe('old');
    expect(stopped).toBe(false);
    await dispatcher.idle();
    expect(stopped).toBe(true);
    expect(await parity('timeout')).toBe(1);
  });

  it('runs a few at a time, drops what does not fit and counts it', async () => {
    const { dispatcher, count, parity } = await shop({
      mode: 'shadow',
      shadow: { concurrency: 2, queue: 3 },
    });
    let running = 0;
    let most = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const canary = async () => {
      running += 1;
      most = Math.max(most, running);
      await gate;
      running -= 1;
      return 'same';
    };
    const run = () => dispatcher.run({ ...old, baseline: () => 'same', canary });
    await Promise.all([run(), run()]);
    await expect.poll(() => running).toBe(2);
    await Promise.all(Array.from({ length: 10 }, run));
    await expect.poll(() => count('tidegate_shadow_dropped_total', { reason: 'queue' })).toBe(7);
    open();
    await dispatcher.idle();
    expect(most).toBe(2);
    expect(await parity('match')).toBe(5);
  });

  it('takes a sample', async () => {
    let draw = 0;
    const { dispatcher, parity } = await shop({
      mode: 'shadow',
      shadow: { sample: 0.25 },
      random: () => (draw++ % 10) / 10,
    });
    for (let i = 0; i < 20; i++)
      await dispatcher.run({ ...old, baseline: () => 'same', canary: () => 'same' });
    await dispatcher.idle();
    expect(await parity('match')).toBe(6);
  });

  it('leaves the old path alone unless told that it guards its effects too', async () => {
    const { dispatcher, parity } = await shop();
    let calls = 0;
    const baseline = () => {
      calls += 1;
      return 'same';
    };
    const request = { ...fresh, baseline, canary: () => 'same' };
    await dispatcher.run({ ...request, shadow: {} });
    await dispatcher.idle();
    expect(calls).toBe(0);
    await dispatcher.run({ ...request, shadow: { path: 'other' } });
    await dispatcher.idle();
    expect(calls).toBe(1);
    expect(await parity('match')).toBe(1);
  });

  it('compares what was served, also when the caller goes on to change it', async () => {
    const { dispatcher, parity } = await shop({ mode: 'shadow' });
    const served = await dispatcher.run({
      ...old,
      baseline: () => ({ total: 5 }),
      canary: () => ({ total: 5 }),
    });
    served.total = 6;
    await dispatcher.idle();
    expect(await parity('match')).toBe(1);
  });

  it('lets the caller compare and name the difference, and survives a comparison that fails', async () => {
    const { dispatcher, parity, count } = await shop({ mode: 'shadow' });
    const paths = { baseline: () => 100, canary: () => 101 };
    const near = (a: number, b: number) => Math.abs(a - b) < 2 || { difference: 'price', baseline: a };
    await dispatcher.run({ ...old, ...paths, compare: near });
    await dispatcher.run({ ...old, ...paths, canary: () => 150, compare: near });
    await dispatcher.run({
      ...old,
      ...paths,
      compare: () => {
        throw new Error('cannot');
      },
    });
    await dispatcher.idle();
    expect([await parity('match'), await parity('mismatch'), await parity('error')]).toEqual([1, 1, 1]);
    expect(await count('tidegate_parity_differences_total', { difference: 'price' })).toBe(1);
  });

  it('takes two paths that fail alike as the same', async () => {
    const { dispatcher, parity } = await shop({ mode: 'shadow' });
    const fails = (error: Error) => async (): Promise<string> => {
      throw error;
    };
    await expect(
      dispatcher.run({ ...old, baseline: fails(new TypeError('a')), canary: fails(new TypeError('b')) }),
    ).rejects.toThrow('a');
    await expect(
      dispatcher.run({ ...old, baseline: fails(new TypeError('a')), canary: () => 'fine' }),
    ).rejects.toThrow('a');
    await dispatcher.idle();
    expect([await parity('match'), await parity('mismatch')]).toEqual([1, 1]);
  });
});

describe('the effects of a shadow', () => {
  it('are kept from happening, however deep and late, and are counted', async () => {
    const { dispatcher, count } = await shop({ mode: 'shadow' });
    const charged: (string | undefined)[] = [];
    const keys: (string | undefined)[] = [];
    const path = async (): Promise<string> => {
      keys.push(effects.idempotencyKey());
      await wait(1);
      await Promise.resolve();
      effects.guard('mail', () => charged.push('mail'));
      const receipt = { name: 'charge', instead: () => 'receipt-0' };
      return effects.guard(receipt, () => {
        charged.push(effects.idempotencyKey());
        return 'receipt-0';
      });
    };
    expect(await dispatcher.run({ ...old, baseline: path, canary: path })).toBe('receipt-0');
    await dispatcher.idle();
    expect(charged).toEqual(['mail', keys[0]]);
    // Both paths of the request share the key.
    expect(keys[0]).toMatch(/[0-9a-f-]{36}/);
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(await count('tidegate_effects_suppressed_total', { effect: 'charge' })).toBe(1);
    expect(await count('tidegate_effects_suppressed_total', { effect: 'mail' })).toBe(1);
    expect(await count('tidegate_parity_total', { result: 'match' })).toBe(1);
  });

  it('stay suppressed in a choke point within the shadow, which counts nobody', async () => {
    const { dispatcher, count } = await shop({ mode: 'shadow' });
    const written: string[] = [];
    const inner = () =>
      dispatcher.run({
        ...old,
        baseline: () => effects.guard('write', () => written.push('row')),
        canary: () => undefined,
        idempotencyKey: 'inner',
      });
    await dispatcher.run<unknown>({ ...old, baseline: () => undefined, canary: inner });
    await dispatcher.idle();
    expect(written).toEqual([]);
    expect(await count('tidegate_requests_total')).toBe(1);
  });

  it('happen outside a dispatcher', () => {
    expect(effects.suppressed()).toBe(false);
    expect(effects.idempotencyKey()).toBeUndefined();
    expect(effects.guard('mail', () => 'sent')).toBe('sent');
  });
});

describe('a dark launch', () => {
  it('runs the new path for its cohort and serves nothing of it', async () => {
    const { dispatcher, parity, count } = await shop({ mode: 'dark' });
    let calls = 0;
    const canary = () => {
      calls += 1;
      return 'new';
    };
    expect(await dispatcher.run({ ...fresh, baseline: () => 'old', canary })).toBe('old');
    expect(await dispatcher.run({ ...old, baseline: () => 'old', canary })).toBe('old');
    expect(await dispatcher.isEnabled('pricing', fresh.context)).toBe(false);
    await dispatcher.idle();
    expect(calls).toBe(1);
    expect(await parity('mismatch')).toBe(1);
    expect(await count('tidegate_requests_total', { variant: 'on', outcome: 'ok' })).toBe(1);
    expect(await count('tidegate_shadow_requests_total', { variant: 'on' })).toBe(1);
  });
});

describe('the examples of mismatches', () => {
  const mismatch = { ...old, baseline: () => ({ name: 'Ada' }), canary: () => ({ name: 'Bob Bobson' }) };

  it('hold no texts of users unless the application says what to keep', async () => {
    const { dispatcher } = await shop({ mode: 'shadow' });
    await dispatcher.run({ ...mismatch, input: { card: '4242' } });
    await dispatcher.idle();
    const [example] = dispatcher.mismatches();
    expect(example?.difference).toEqual({ name: 'name', baseline: 'text of 3', canary: 'text of 10' });
    expect(JSON.stringify(example)).not.toMatch(/Ada|Bob|bob|4242/);
  });

  it('are redacted by the application, and only the newest are kept', async () => {
    const { dispatcher } = await shop({
      mode: 'shadow',
      examples: {
        keep: 2,
        redact: (raw) => {
          if (raw.endpoint === 'secret') return null;
          if (raw.endpoint === 'bad') throw new Error('cannot redact');
          return raw;
        },
      },
    });
    for (const endpoint of ['a', 'b', 'secret', 'bad', 'c']) await dispatcher.run({ ...mismatch, endpoint });
    await dispatcher.idle();
    expect(dispatcher.mismatches().map(({ endpoint }) => endpoint)).toEqual(['b', 'c']);
    expect(dispatcher.mismatches()[0]).toMatchObject({ results: { canary: { name: 'Bob Bobson' } } });
  });
});
