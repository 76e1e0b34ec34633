import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { patiently } from './patience.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function screen(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 40, write: (more: string) => (text += more), text: () => text };
}
/** Work of so many milliseconds, waited for on this screen. */
const wait = (ms: number, on: ReturnType<typeof screen>, what = 'x') =>
  patiently(
    () => what,
    () => after(ms),
    on,
  );
const after = (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, 'done'));

it('says what is waited for after a second, and takes it back before the answer', async () => {
  const terminal = screen(true);
  const work = wait(2_500, terminal, 'making the report');
  await vi.advanceTimersByTimeAsync(900);
  expect(terminal.text()).toBe('');
  await vi.advanceTimersByTimeAsync(200);
  expect(terminal.text()).toBe('\r\x1b[K⠋ making the report, 1 s');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await work).toBe('done');
  expect(terminal.text()).toMatch(/making the report, 2 s\r\x1b\[K$/);
  const drawn = terminal.text();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(terminal.text()).toBe(drawn);
});

it('writes nothing on a pipe, nothing for what is quick, and takes its line back when the work fails', async () => {
  const pipe = screen(false);
  const slow = wait(5_000, pipe);
  await vi.advanceTimersByTimeAsync(5_000);
  await slow;
  const quick = screen(true);
  const done = wait(500, quick);
  await vi.advanceTimersByTimeAsync(500);
  await done;
  expect([pipe.text(), quick.text()]).toEqual(['', '']);
  const failing = screen(true);
  const refused = patiently(
    () => 'x',
    () => after(1_500).then(() => Promise.reject(new Error('no'))),
    failing,
  ).catch((error: Error) => error.message);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await refused).toBe('no');
  expect(failing.text()).toMatch(/\r\x1b\[K$/);
});

it('draws one line for work within work, no wider than the terminal', async () => {
  const terminal = screen(true);
  const outer = patiently(
    () => `asking ${'a'.repeat(60)}`,
    () => wait(2_000, terminal, 'inner'),
    terminal,
  );
  await vi.advanceTimersByTimeAsync(2_000);
  await outer;
  expect(terminal.text()).not.toContain('inner');
  for (const line of terminal.text().split('\r\x1b[K')) expect(line.length).toBeLessThan(40);
});
