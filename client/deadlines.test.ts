import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { startDeadline } from './deadlines.ts';
import { inTime } from './timed.ts';

it('ends no sooner than asked, oldest first, and not at all once what was waited for has come', async () => {
  const late: { name: string; after: number }[] = [];
  const start = (name: string, milliseconds: number) => {
    const began = performance.now();
    return startDeadline(milliseconds, () => late.push({ name, after: performance.now() - began }));
  };
  const ended = start('ended', 21);
  start('first', 21);
  await vi.waitUntil(() => performance.now() % 10 > 5, { interval: 1 });
  const second = start('second', 21);
  start('third', 21);
  start('short', 3);
  ended.end();
  ended.end();
  second.end();
  await vi.waitUntil(() => late.length === 3, { interval: 1 });
  expect(late.map(({ name }) => name)).toEqual(['short', 'first', 'third']);
  for (const { name, after } of late) expect(after).toBeGreaterThanOrEqual(name === 'short' ? 3 : 21);
  // The timer that they shared is gone; the next one begins anew.
  const began = performance.now();
  await new Promise<void>((resolve) => startDeadline(21, resolve));
  expect(performance.now() - began).toBeGreaterThanOrEqual(21);
});

it('of many requests there is one timer, and what has come is forgotten at once', () => {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  const late = vi.fn<() => void>();
  const all = Array.from({ length: 1_000 }, () => startDeadline(60_001, late));
  for (const one of all.toReversed()) one.end();
  startDeadline(60_001, late).end();
  expect(timers).toHaveBeenCalledTimes(1);
  timers.mockRestore();
});

it('a limit that is no number is none that waits, and one beyond every timer waits', async () => {
  const late: number[] = [];
  for (const limit of [Number.NaN, -1, 0]) startDeadline(limit, () => late.push(limit));
  const never = startDeadline(Number.POSITIVE_INFINITY, () => late.push(1));
  const far = startDeadline(2 ** 40, () => late.push(2));
  await vi.waitUntil(() => late.length === 3, { interval: 1 });
  expect(late).toEqual(expect.arrayContaining([Number.NaN, -1, 0]));
  never.end();
  far.end();
});

it('outlives timers that a test has put in the place of Node’s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  startDeadline(7, () => undefined);
  vi.useRealTimers();
  const now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 2_000);
  const late = new Promise<void>((resolve) => startDeadline(7, resolve));
  clock.mockRestore();
  const passed = vi.spyOn(performance, 'now').mockImplementation(() => now + 3_000);
  await late;
  passed.mockRestore();
});

it('a request that is late goes on in its own context, not in that of the one whose timer it was', async () => {
  const request = new AsyncLocalStorage<string>();
  const never = new Promise<never>(() => undefined);
  const seen = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      request.run(name, () => inTime(never, { flag: 'f', milliseconds: 5 }).catch(() => request.getStore())),
    ),
  );
  expect(seen).toEqual(['one', 'two', 'three']);
});

it('keeps no process up once nothing is waited for, and keeps it up before', async () => {
  const file = new URL('./deadlines.ts', import.meta.url).href;
  const program = async (body: string) => {
    const began = performance.now();
    const text = `import { startDeadline } from ${JSON.stringify(file)}; ${body}`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', text];
    const { stdout: out } = await promisify(execFile)(process.execPath, args);
    return { out, ms: performance.now() - began };
  };
  const ended = await program('startDeadline(60_000, () => console.log("late")).end();');
  expect(ended).toMatchObject({ out: '', ms: expect.toSatisfy((ms: number) => ms < 30_000) });
  const waits = await program('startDeadline(50, () => console.log("late"));');
  expect(waits.out).toBe('late\n');
}, 60_000);
