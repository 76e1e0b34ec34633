import { describe, expect, test } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { flagState } from '../test/fixtures/flag-state.ts';
import type { FlagChange, FlagState } from './flag-contract.ts';
import { judge, killedExposure, lowers } from './flag-rules.ts';

const to = (percent: number, segments: string[] = [], variant: string | null = null): Exposure => ({
  percent,
  segments,
  variant,
});
const disabled = to(100, [], 'disabled');

describe('a lower exposure', () => {
  test.each<[string, Exposure, Exposure, boolean]>([
    ['nobody, from anywhere', NO_EXPOSURE, disabled, true],
    ['fewer percent', to(5), to(25), true],
    ['more percent', to(25), to(5), false],
    ['segments only, from percent and segments', to(0, ['staff']), to(5, ['staff']), true],
    ['a segment that was not in', to(1, ['staff']), to(5), false],
    ['a safe variant for all', disabled, to(5), true],
    ['from the safe variant back to a few canaries', to(1), disabled, false],
    ['the canary by its name, for more', to(50, [], 'on'), to(5), false],
    ['the canary by its name, for fewer', to(1, [], 'on'), to(5), true],
  ])('%s', (_, next, current, expected) => {
    expect(lowers(next, current, 'on')).toBe(expected);
  });
});

const flag: FlagState = flagState(5, 7, { key: 'f', epoch: 3, rolloutId: 'r-1', updatedBy: 'r-1' });
const latched: FlagState = {
  ...flag,
  exposure: NO_EXPOSURE,
  latch: { by: 'eve', reason: 'pager', at: '' },
  epoch: 4,
};
const raise: FlagChange = {
  environment: 'production',
  key: 'f',
  rolloutId: 'r-1',
  epoch: 3,
  exposure: to(25),
  direction: 'raise',
  expectedRevision: 7,
  author: 'r-1',
  reason: 'stage',
};
const lower: FlagChange = { ...raise, direction: 'lower', exposure: to(1), epoch: 1, expectedRevision: 2 };

describe('a raise', () => {
  test('of the owner at the revision it believes in is written', () =>
    expect(judge(raise, flag, 'r-1')).toBe('write'));
  test.each<[string, Partial<FlagChange>, FlagState, string | null, string]>([
    ['of another rollout', { rolloutId: 'r-2' }, flag, 'r-1', 'not-owner'],
    ['of an older epoch', { epoch: 2 }, flag, 'r-1', 'stale-epoch'],
    ['onto a revision it does not know', { expectedRevision: 6 }, flag, null, 'drift'],
    ['through a latch', { epoch: 4 }, latched, null, 'latched'],
    ['that had landed already', { exposure: to(5), expectedRevision: 6 }, flag, 'r-1', 'unchanged'],
    [
      'to where a person moved the flag meanwhile',
      { exposure: to(5), expectedRevision: 6 },
      flag,
      null,
      'drift',
    ],
  ])('%s is not written', (_, over, state, lastWriter, ruling) => {
    expect(judge({ ...raise, ...over }, state, lastWriter)).toBe(ruling);
  });
});

describe('a lowering write', () => {
  test('is taken at any epoch and revision', () => expect(judge(lower, flag, null)).toBe('write'));
  test('is taken through a latch', () => {
    expect(judge(lower, { ...latched, exposure: to(5) }, null)).toBe('write');
  });
  test('again changes nothing', () =>
    expect(judge({ ...lower, exposure: to(5) }, flag, null)).toBe('unchanged'));
  test('that ends its rollout is a revision even where it changes nothing, and once only', () => {
    const last: FlagChange = { ...lower, exposure: to(5), epoch: 3, expectedRevision: null, final: true };
    expect(judge(last, flag, 'r-1')).toBe('write');
    expect(judge(last, { ...flag, revision: 8, epoch: 4 }, 'r-1')).toBe('unchanged');
  });
  test('of another rollout is refused', () => {
    expect(judge({ ...lower, rolloutId: 'r-2' }, flag, null)).toBe('not-owner');
  });
  test('that would widen, since somebody has lowered the flag further, is refused like a raise', () => {
    const wide = { ...lower, exposure: to(25), epoch: flag.epoch };
    expect(judge(wide, flag, null)).toBe('drift');
  });
  test('that comes after a kill and would widen again is refused', () =>
    expect(judge(lower, latched, null)).toBe('latched'));
});

describe('a kill', () => {
  test('without a named end leaves nobody', () => expect(killedExposure(null, flag)).toEqual(NO_EXPOSURE));
  test('takes the safe exposure of the shape', () => {
    expect(killedExposure(null, { ...flag, shape: { ...flag.shape, safe: disabled } })).toEqual(disabled);
  });
  test('freezes what is in force', () => {
    expect(killedExposure(null, { ...flag, shape: { ...flag.shape, safe: 'frozen' } })).toEqual(to(5));
  });
  test('never widens', () => expect(killedExposure(to(25), flag)).toEqual(to(5)));
});
