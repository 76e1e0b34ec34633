import { describe, expect, it } from 'vitest';
import { type Exposure, isNobody, isServed, NO_EXPOSURE, sameExposure, withinExposure } from './exposure.ts';

const shadow: Exposure = { ...NO_EXPOSURE, mode: 'shadow' };
const dark = (percent: number): Exposure => ({ ...NO_EXPOSURE, percent, mode: 'dark' });
const aa = (percent: number): Exposure => ({ ...NO_EXPOSURE, percent, mode: 'aa' });
const served = (percent: number, segments: string[] = []): Exposure => ({
  ...NO_EXPOSURE,
  percent,
  segments,
});

describe('an exposure that serves nobody and runs behind others', () => {
  it('is neither nobody nor somebody who is served, and no other exposure', () => {
    for (const one of [shadow, dark(10), aa(10)]) {
      expect([isNobody(one), isServed(one)]).toEqual([false, false]);
      expect(sameExposure(one, NO_EXPOSURE)).toBe(false);
    }
    expect(sameExposure(dark(10), served(10))).toBe(false);
    expect(sameExposure(shadow, { ...shadow })).toBe(true);
  });

  it('lies between nobody and everything that is served, the whole above a cohort', () => {
    const order = [
      NO_EXPOSURE,
      aa(1),
      aa(50),
      dark(1),
      dark(10),
      shadow,
      served(0, ['employees']),
      served(5, ['employees']),
    ];
    order.forEach((a, i) => {
      order.forEach((b, j) => {
        expect([i, j, withinExposure(a, b)]).toEqual([i, j, i <= j]);
      });
    });
  });

  it('is never above what is served, however many it is', () => {
    expect(withinExposure(dark(100), served(1))).toBe(true);
    expect(withinExposure(served(1), dark(100))).toBe(false);
  });
});

it('lists of thousands are compared as sets', () => {
  const many = Array.from({ length: 2000 }, (_, i) => `tenant=${i}`);
  expect(sameExposure(served(0, many), served(0, many.toReversed()))).toBe(true);
  expect(withinExposure(served(0, many.slice(1)), served(0, many))).toBe(true);
  expect(withinExposure(served(0, [...many, 'tenant=x']), served(0, many))).toBe(false);
});
