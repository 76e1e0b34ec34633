import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addToInterval, confidenceInterval, NO_POLLS } from './interval.ts';
import type { PollCounts } from './kernel.ts';
import { lnEvidence, score } from './kernel.ts';
import { BISECTED, EXACT, expectPrinted } from './printed.fixture.ts';

const counts = (xc: number, nc: number, xb: number, nb: number): PollCounts => ({
  canaryEvents: xc,
  canaryTotal: nc,
  baselineEvents: xb,
  baselineTotal: nb,
});

const interval = (polls: readonly PollCounts[], alpha = 0.05) =>
  confidenceInterval(polls.reduce(addToInterval, NO_POLLS), {
    alpha,
    c: 1,
    mirrored: 1,
    dispersion: () => 0,
  });

/** The same set from the polls themselves. */
function slow(polls: readonly PollCounts[], alpha = 0.05): [number, number] {
  const lnE = (d: number, side: number) => {
    const sums = { S: 0, V: 0, Q: 0, c: 1 };
    for (const poll of polls) {
      const { y, V, Q } = score(poll, d);
      sums.S += side * y;
      sums.V += V;
      sums.Q += Q;
    }
    return lnEvidence([sums], 0);
  };
  const edge = (side: 1 | -1): number => {
    let inside = NO_POLLS.Y;
    const all = polls.map((poll) => score(poll, 0));
    const nH = polls.reduce(
      (sum, p) => sum + (p.canaryTotal * p.baselineTotal) / (p.canaryTotal + p.baselineTotal),
      0,
    );
    inside = all.reduce((sum, { y }) => sum + y, 0) / nH;
    let outside: number = -side;
    if (lnE(outside, side) < Math.log(1 / alpha)) return outside;
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2;
      if (lnE(middle, side) >= Math.log(1 / alpha)) outside = middle;
      else inside = middle;
    }
    return inside;
  };
  return [edge(1), edge(-1)];
}

describe('the confidence sequence that people read', () => {
  test('6: one poll', () => {
    const poll = counts(55, 10_000, 500, 100_000);
    const [lower, upper] = interval([poll]) ?? [0, 0];
    expectPrinted(lower, '-0.001666872', BISECTED);
    expectPrinted(upper, '0.003608425', BISECTED);
    // The difference that the table and the reason of a stop tell beside it.
    const { Y, nH } = addToInterval(NO_POLLS, poll);
    expect(Math.abs(Y / nH - 0.0005)).toBeLessThan(0.0005 * EXACT);
  });

  test('7: twenty polls', () => {
    const polls = Array.from({ length: 20 }, (_, i) =>
      counts(3 + ((7 * i) % 5), 1000, 48 + ((11 * i) % 9), 10_000),
    );
    const [lower, upper] = interval(polls) ?? [0, 0];
    expectPrinted(lower, '-0.001683112', BISECTED);
    expectPrinted(upper, '0.001805306', BISECTED);
  });

  test('is never narrower than that of the polls themselves, and at most five per cent wider, also where rates are clipped', () => {
    // The polls of a stage have about one split. Where it turns about, what is not rejected need be no interval.
    const polls = fc
      .tuple(fc.integer({ min: 20, max: 2000 }), fc.integer({ min: 200, max: 3000 }))
      .chain(([canary, baseline]) => {
        const part = fc.double({ min: 0.5, max: 2, noNaN: true });
        const poll = fc
          .tuple(part, part, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 12 }))
          .map(([c, b, xc, xb]) => counts(xc, Math.round(c * canary), xb, Math.round(b * baseline)));
        return fc.array(poll, { minLength: 1, maxLength: 60 });
      });
    fc.assert(
      fc.property(polls, (polls) => {
        const fast = interval(polls) ?? [0, 0];
        const exact = slow(polls);
        const width = exact[1] - exact[0];
        expect(fast[0]).toBeLessThanOrEqual(exact[0] + 1e-9);
        expect(fast[1]).toBeGreaterThanOrEqual(exact[1] - 1e-9);
        expect(fast[1] - fast[0]).toBeLessThan(1.05 * width);
      }),
      { numRuns: 200 },
    );
  });

  test('nothing seen, nothing said', () => {
    expect(interval([])).toBeNull();
    expect(interval([counts(0, 0, 5, 100)])).toBeNull();
  });
});
