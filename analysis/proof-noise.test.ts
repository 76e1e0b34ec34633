import { describe, expect, test } from 'vitest';
import type { Knots } from './dispersion.ts';
import { addHalves, NO_HALVES } from './halves.ts';
import { proofDispersionsOf } from './proof-noise.ts';
import { dispersionsOf } from './stage.ts';
import { planOf } from './traffic.fixture.ts';

const plan = planOf();
const { noise } = plan.analysis;

/** Halves that have differed by the same share, now the one way and now the other, for so many polls each. */
function halvesOf(polls: number, lasting: number) {
  let halves = NO_HALVES;
  for (let i = 0; i < polls; i++) {
    const more = Math.floor(i / lasting) % 2 === 0 ? 30 : 0;
    const [one, two] = [60 + more, 90 - more];
    halves = addHalves(halves, {
      canaryEvents: one,
      canaryTotal: 1500,
      baselineEvents: two,
      baselineTotal: 1500,
    });
  }
  return halves;
}

function both(halves: ReturnType<typeof halvesOf>, before?: Knots) {
  const context = { stageIndex: 0, ...(before === undefined ? {} : { dispersion: { errors: before } }) };
  const at = { plan, context, metric: 'errors' };
  const [stop = () => Number.NaN] = dispersionsOf(at, { halves: [halves] });
  const [proof = () => Number.NaN] = proofDispersionsOf(at, { halves: [halves] });
  return { stop, proof };
}

describe('the noise that a proof of safety allows for', () => {
  test('lasts beyond the longest blocks that were seen four times', () => {
    const { stop, proof } = both(halvesOf(64, 16));
    // Blocks of 16 polls were seen four times, and a stop knows of those of 8.
    expect(proof(16)).toBeGreaterThanOrEqual(stop(16));
    expect(proof(64)).toBeCloseTo(4 * proof(16), 9);
    expect(proof(64)).toBeGreaterThan(2 * stop(64));
  });

  test('is at least what the plan assumes where the halves have shown none', () => {
    const { proof } = both(halvesOf(64, 1));
    expect(proof(17)).toBeGreaterThanOrEqual(noise * noise * Math.cbrt(17));
  });

  test('is that of a stop once blocks of 64 polls were seen, or nothing was', () => {
    const before = Array.from({ length: 7 }, (_, k) => 0.02 * 2 ** k);
    for (const { stop, proof } of [both(halvesOf(256, 16)), both(halvesOf(20, 4), before), both(NO_HALVES)]) {
      for (const n of [1, 64, 500]) expect(proof(n)).toBe(stop(n));
    }
  });
});
