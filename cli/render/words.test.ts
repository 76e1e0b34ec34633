import { describe, expect, test } from 'vitest';
import {
  audience,
  cause,
  duration,
  estimate,
  latency,
  percent,
  plain,
  plainEstimate,
  points,
  rate,
  relative,
} from './words.ts';

describe('what numbers look like to people', () => {
  test.each([
    [0, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [3601, '1 h'],
    [90_000, '1 d 1 h'],
    [604_800, '7 d'],
    [-5, '0 s'],
    [Number.POSITIVE_INFINITY, 'unknown'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  test('a time is told from now', () => {
    expect(relative(1000, 61_000)).toBe('1 min ago');
    expect(relative(61_000, 1000)).toBe('in 1 min');
    expect(relative(1000, 1200)).toBe('just now');
  });

  test.each([
    [0.0049, '0.49 %'],
    [0.12, '12 %'],
    [0.00005, '0.005 %'],
    [1, '100 %'],
    [0, '0 %'],
    [null, '–'],
  ])('the rate %d is %s', (value, text) => expect(rate(value)).toBe(text));

  test('a difference has its sign and its uncertainty', () => {
    expect(points(0.001)).toBe('+0.1 pp');
    expect(points(-0.01)).toBe('-1 pp');
    expect(points(0)).toBe('0 pp');
    expect(estimate(0.0012, 0.0005)).toBe('+0.12 ±0.05 pp');
    expect(estimate(0.0012, 0)).toBe('+0.12 pp');
  });

  test('a latency is in the unit that reads best', () => {
    expect(latency(0.212)).toBe('212 ms');
    expect(latency(1.239)).toBe('1.24 s');
    expect(latency(0.0005)).toBe('0.5 ms');
  });

  test('steps below one percent keep their digits', () => expect(percent(0.05)).toBe('0.05 %'));
});

test('the exposure says who gets the canary', () => {
  const of = (share: number, segments: string[] = [], variant: string | null = null) =>
    audience({ percent: share, segments, variant });
  expect(of(0)).toBe('nobody');
  expect(of(0, ['employees'])).toBe('employees');
  expect(of(5, ['employees'])).toBe('5 % + employees');
  expect(of(100, ['employees'])).toBe('everyone');
  expect(of(5, [], 'disabled')).toBe('5 %, on variant disabled');
});

test('each cause names who or what it was', () => {
  expect(cause({ kind: 'person', by: 'ada', roles: [], reason: 'too slow' })).toBe('ada: too slow');
  expect(cause({ kind: 'person', by: 'ada', roles: [], reason: null })).toBe('ada');
  expect(cause({ kind: 'gate', verdict: 'hard', reason: 'errors' })).toBe('the gate: errors');
  expect(cause({ kind: 'alert', name: 'HighErrors', detail: '' })).toBe('alert HighErrors');
});

test('a gauge or a mean is read in its own unit', () => {
  expect(plain(63.214)).toBe('63.2');
  expect(plain(null)).toBe('–');
  expect(plainEstimate(-4.21, 0.53)).toBe('-4.2 ±0.5');
  expect(plainEstimate(0, 0)).toBe('0');
});
