import { expect, test } from 'vitest';
import { exampleLive, exampleView, NOON } from '../../test/fixtures/rollout-view.ts';
import { plainInk } from './ink.ts';
import { LiveScreen } from './live-screen.ts';

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 80, rows: 24, written, write: (text: string) => written.push(text) };
}

const watched = [{ view: exampleView(), live: exampleLive() }];

test('a terminal gets one picture, drawn again in its place, and its cursor back', () => {
  const screen = terminal(true);
  const live = new LiveScreen(screen, plainInk);
  live.show(watched, NOON);
  const lines = screen.written.join('').split('\n').length - 1;
  live.show(watched, NOON + 1000);
  live.close();
  expect(screen.written[0]).toContain('\x1b[?25l');
  expect(screen.written[1]?.startsWith(`\x1b[${lines}A`)).toBe(true);
  expect(screen.written.at(-1)).toBe('\x1b[?25h');
});

test('a note stays above the picture', () => {
  const screen = terminal(true);
  const live = new LiveScreen(screen, plainInk);
  live.show(watched, NOON);
  live.note('the new path turns bad now');
  live.show(watched, NOON);
  expect(screen.written.at(-2)).toBe('the new path turns bad now\n');
  expect(screen.written.at(-1)?.startsWith('\r')).toBe(true);
});

test('a pipe gets a line per change and no escape codes', () => {
  const pipe = terminal(false);
  const live = new LiveScreen(pipe, plainInk);
  live.show(watched, NOON);
  live.show(watched, NOON + 60_000);
  live.show([{ view: exampleView({ stage: '25%' }), live: null }], NOON + 70_000);
  live.close();
  expect(pipe.written).toHaveLength(2);
  expect(pipe.written.join('')).not.toContain('\x1b');
});
