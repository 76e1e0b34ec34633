import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Progress } from './progress.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'], now: 0 }));
afterEach(() => void vi.useRealTimers());

function terminal(isTTY: boolean) {
  const drawn: string[] = [];
  return { isTTY, drawn, write: (text: string) => drawn.push(text) };
}

test('a bar grows with what was read, ten times a second at most, and is wiped away', () => {
  const on = terminal(true);
  const progress = new Progress(on, 1000, 'rollouts');
  for (let read = 0; read < 1000; read += 25) {
    vi.advanceTimersByTime(25);
    progress.advance(25, read / 25 + 1);
  }
  progress.close();
  const frames = Array.from({ length: 10 }, (_, i) => {
    const share = 10 * (i + 1);
    const full = Math.floor(0.3 * share);
    return `\r\x1b[K${'█'.repeat(full)}${'░'.repeat(30 - full)} ${String(share).padStart(3)} %  ${4 * (i + 1)} rollouts`;
  });
  expect(on.drawn).toEqual([...frames, '\r\x1b[K']);
});

test('what is read from a pipe has no bar, and what is not on a terminal draws nothing', () => {
  const on = terminal(true);
  const unknown = new Progress(on, null, 'rollouts');
  vi.advanceTimersByTime(100);
  unknown.advance(25, 3);
  expect(on.drawn).toEqual(['\r\x1b[K3 rollouts']);
  const off = terminal(false);
  const silent = new Progress(off, 1000, 'rollouts');
  vi.advanceTimersByTime(100);
  silent.advance(25, 3);
  silent.close();
  expect(off.drawn).toEqual([]);
});
