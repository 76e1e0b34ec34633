import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { memoryFlags } from '../test/fixtures/flags-in-memory.ts';
import { createDispatcher } from './dispatcher.ts';
import { effects } from './effects.ts';
import type { PathCall } from './path-call.ts';
import { Recorder, readRecordings } from './recorder.ts';
import { replay } from './replay.ts';

interface Order {
  quantity: number;
  card?: string;
}

async function record(orders: Order[], recorder: Recorder): Promise<void> {
  const flags = await memoryFlags({ pricing: 'off' });
  const dispatcher = createDispatcher({
    service: 'shop',
    client: flags.client,
    registry: new Registry(),
    recorder,
  });
  for (const [i, input] of orders.entries()) {
    const path = ({ input }: PathCall<Order>) => {
      input.quantity += 1_000;
      return input.quantity;
    };
    const request = { flag: 'pricing', context: { targetingKey: `user-${i}` }, input };
    await dispatcher.run({ ...request, baseline: path, canary: path, idempotencyKey: `order-${i}` });
  }
  await dispatcher.run({
    flag: 'pricing',
    context: { targetingKey: 'ada' },
    baseline: () => 1,
    canary: () => 1,
  });
  await dispatcher.close();
  await flags.close();
}

describe('recorded requests', () => {
  it('run through both paths without effects, and tell where these disagree', async () => {
    const recorder = new Recorder({ redact: (recording) => recording });
    await record(
      [1, 2, 3, 4, 5, 6].map((quantity) => ({ quantity })),
      recorder,
    );
    const recordings = readRecordings(recorder.lines());
    // As they came: the path changed its input, and the request without one cannot be repeated.
    expect(recordings.map(({ input }) => (input as Order).quantity)).toEqual([1, 2, 3, 4, 5, 6]);
    const keys: string[] = [];
    const charged: number[] = [];
    const report = await replay<{ total: number }, Order>({
      recordings,
      timeoutMs: 20,
      baseline: ({ input, idempotencyKey, shadow }) => {
        expect(shadow).toBe(true);
        keys.push(idempotencyKey);
        effects.guard('charge', () => charged.push(input.quantity));
        return { total: input.quantity * 10 };
      },
      canary: async ({ input, signal }) => {
        keys.push(effects.idempotencyKey() ?? '');
        if (input.quantity === 4) throw new Error('four');
        if (input.quantity === 5) await new Promise((_, no) => signal.addEventListener('abort', no));
        return { total: input.quantity * 10 + (input.quantity === 6 ? 1 : 0) };
      },
    });
    expect(report).toMatchObject({ total: 6, match: 3, mismatch: 1, error: 1, timeout: 1 });
    expect(report.differences).toEqual([
      { name: 'error', count: 1 },
      { name: 'total', count: 1 },
    ]);
    expect(report.examples).toHaveLength(2);
    expect(report.suppressed).toEqual({ charge: 6 });
    expect(charged).toEqual([]);
    expect(keys.filter((key) => key === 'order-3')).toHaveLength(2);
  });

  it('are kept as the application redacts them: sampled, bounded, or not at all', async () => {
    const redact = (recording: { input: unknown }) =>
      (recording.input as Order).quantity === 3
        ? null
        : { ...recording, input: { quantity: (recording.input as Order).quantity } };
    const recorder = new Recorder({ keep: 2, redact: redact as never });
    await record(
      [1, 2, 3, 4].map((quantity) => ({ quantity, card: '4242' })),
      recorder,
    );
    expect(recorder.recordings().map(({ input }) => input)).toEqual([{ quantity: 2 }, { quantity: 4 }]);
    const none = new Recorder({ sample: 0, redact: (recording) => recording });
    await record([{ quantity: 1 }], none);
    expect(none.recordings()).toEqual([]);
  });

  it.each(['{', '{"flag":"a"}', '7', 'null'])('name a line that is none: %s', (line) => {
    expect(() => readRecordings(`\n${line}\n`)).toThrow('Line 2 is not a recording');
  });
});
