import { expect, test } from 'vitest';
import { clip, colorInk, inkFor, padEnd, plainInk, printable, widthOf, wrap } from './ink.ts';

test('colour is used on a terminal only, and never against NO_COLOR', () => {
  expect(inkFor({ isTTY: true }, {})).toBe(colorInk);
  expect(inkFor({}, {})).toBe(plainInk);
  expect(inkFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(plainInk);
  expect(inkFor({ isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(plainInk);
  expect(inkFor({ isTTY: true }, { NO_COLOR: '' })).toBe(colorInk);
  expect(inkFor({}, { FORCE_COLOR: '1' })).toBe(colorInk);
  expect(inkFor({ isTTY: true }, { TERM: 'dumb' })).toBe(plainInk);
});

test('painted text is as wide as it looks', () => {
  expect(widthOf(colorInk('bad', 'stop'))).toBe(4);
  expect(padEnd(colorInk('bad', 'stop'), 6)).toBe(`${colorInk('bad', 'stop')}  `);
});

test('a line that is cut ends in an ellipsis and leaves no colour open', () => {
  expect(clip('rollback', 5)).toBe('roll…');
  const cut = clip(colorInk('bad', 'rollback'), 5);
  expect(widthOf(cut)).toBe(5);
  expect(cut.endsWith('\x1b[0m')).toBe(true);
  expect(clip('fits', 4)).toBe('fits');
});

test('text is wrapped at spaces, and a word that is too long is broken', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
  expect(wrap('', 10)).toEqual(['']);
});

test('names that people chose cannot steer the terminal', () => {
  const evil = { title: '\x1b[2Jgone\r\nforged \u202eline', seq: 3, list: ['\x07bell'], none: null };
  expect(printable(evil)).toEqual({ title: 'gone  forged  line', seq: 3, list: [' bell'], none: null });
});
