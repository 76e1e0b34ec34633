import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lnGamma } from './gamma.ts';

describe('ln of the gamma function', () => {
  test('of whole and half numbers is that of factorials', () => {
    let ln = 0;
    for (let n = 1; n <= 60; n++) {
      expect(lnGamma(n)).toBeCloseTo(ln, 11);
      ln += Math.log(n);
    }
    expect(lnGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 14);
    expect(lnGamma(1e-8)).toBeCloseTo(18.420680738180209, 12);
    expect(Math.abs(lnGamma(1e6) / 12_815_504.569147611 - 1)).toBeLessThan(1e-15);
  });

  test('grows by ln x from x to x + 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e4, noNaN: true }), (x) => {
        const scale = 1 + Math.abs(lnGamma(x + 1));
        expect(Math.abs(lnGamma(x + 1) - lnGamma(x) - Math.log(x)) / scale).toBeLessThan(1e-14);
      }),
    );
  });

  test('of nothing that has one is no number', () => {
    for (const x of [0, -1, Number.NaN]) expect(lnGamma(x)).toBeNaN();
  });
});
