import { describe, expect, test } from 'vitest';
import type { Dispersion } from './dispersion.ts';
import { assumedDispersion, measureDispersion, measuredDispersion } from './dispersion.ts';
import { lnEvidence, lnMixture, score } from './kernel.ts';
import { lnBayesFactor } from './multinomial.ts';
import { expectPrinted } from './printed.fixture.ts';
import { addPoll } from './process.ts';
import { evidenceOf } from './process-evidence.ts';
import type { Process } from './process-state.ts';
import { openProcess, openSegment } from './process-state.ts';
import type { Ruler } from './ruler.ts';
import { markShare } from './ruler.ts';
import type { Totals } from './totals.ts';
import { countYardstick } from './yardstick.ts';

const counts = (xc: number, nc: number, xb: number, nb: number) => ({
  canaryEvents: xc,
  canaryTotal: nc,
  baselineEvents: xb,
  baselineTotal: nb,
});

function totals(poll: ReturnType<typeof counts>, d: number): Totals {
  const { y, V, Q, nH } = score(poll, d);
  return [y, V, Q, y, V, Q, y + nH * d, nH];
}

const one = (poll: ReturnType<typeof counts>, d: number, c: number, G = 0) => {
  const { y: S, V, Q } = score(poll, d);
  return { S, V, lnE: lnEvidence([{ S, V, Q, c }], G) };
};

describe('numbers of the method', () => {
  test('1: a multinomial against its planned split', () => {
    const factor = (counts: number[], theta: number[], prior: number[]) =>
      lnBayesFactor(counts.map((count, i) => ({ count, theta: theta[i] ?? 0, prior: prior[i] ?? 0 })));
    expectPrinted(factor([10, 0], [0.5, 0.5], [1, 1]), '4.533576533');
    expect(factor([10, 0], [0.5, 0.5], [1, 1])).toBeCloseTo(Math.log(1024 / 11), 12);
    expectPrinted(factor([1060, 98_940], [0.01, 0.99], [1, 99]), '-1.782692');
  });

  test('2 and 3: one poll at two margins', () => {
    const zero = one(counts(9, 300, 99, 19800), 0, 1);
    expectPrinted(zero.S, '7.388059701');
    expectPrinted(zero.V, '1.587881488');
    expectPrinted(zero.lnE, '5.743879989');
    const tenth = one(counts(9, 300, 99, 19800), 0.001, 1);
    expectPrinted(tenth.S, '7.092537313');
    expectPrinted(tenth.V, '1.874582312');
    expectPrinted(tenth.lnE, '4.655699355');
  });

  test('4: a poll without canary requests is no evidence', () => {
    expect(Math.abs(one(counts(0, 0, 99, 19800), 0.001, 1).lnE)).toBeLessThan(1e-15);
  });

  test('5: two polls of one stage', () => {
    const first = score(counts(8, 750, 60, 14250), 0.001);
    const second = score(counts(30, 1500, 20, 1500), 0.001);
    const c = 0.95;
    const both = { S: first.y + second.y, V: first.V + second.V, Q: first.Q + second.Q, c };
    expectPrinted(both.S, '8.1375000000');
    expectPrinted(both.V, '16.3712500000');
    expectPrinted(lnEvidence([{ S: first.y, V: first.V, Q: first.Q, c }], 0.09), '0.2463588358');
    expectPrinted(lnEvidence([both], 0.12), '-0.0202022689');
  });

  test('10: dispersion measured on two halves of the baseline', () => {
    const polls = Array.from({ length: 64 }, (_, i) =>
      counts(6 + ((7 * i) % 5) + 8 * (Math.floor(i / 4) % 2), 1500, 7 + ((11 * i) % 6), 1500),
    );
    const knots = measureDispersion(polls) ?? [];
    expect(knots).toHaveLength(4);
    for (const [i, gup] of ['.0212578042', '.0943356628', '.2705489041', '.2705489041'].entries())
      expectPrinted(knots[i], gup);
    const G = measuredDispersion(knots);
    // The page of the method has .1974138041 here, a slip in its last digits: by its own formula it is this.
    expectPrinted(G(3), '0.19741380109');
    expectPrinted(G(12), '0.3097011838');
    expectPrinted(G(40), '0.4626321184');
  });

  test('11: the whole process over two stages', () => {
    const ruler: Ruler = { unit: 2, marks: 39, ...evenly(2) };
    expectPrinted(markShare(ruler, 1) / 4, '0.0037843210');
    expectPrinted(markShare(ruler, 32) / 4, '0.0214073524');
    const lnE = run(160, assumedDispersion(0.3), (i) => {
      const nc = i < 80 ? 150 : 750;
      const nb = 3000 - nc;
      const xb = Math.floor(0.005 * nb + ((7 * i) % 5) - 2);
      const xc = Math.max(0, Math.floor(0.005 * nc + ((5 * i) % 3) - 1) + (i >= 100 ? 8 : 0));
      return {
        stage: i < 80 ? '0' : '1',
        c: i < 80 ? 0.95 : 0.75,
        ruler,
        scores: totals(counts(xc, nc, xb, nb), 0.001),
      };
    });
    const expected = {
      15: '-0.1908271866',
      39: '-0.2899341619',
      79: '-0.4471286189',
      99: '-.8722450050',
      105: '-0.0889972206',
    };
    for (const [i, value] of Object.entries(expected)) expectPrinted(lnE[Number(i)], value);
    expect(lnE.findIndex((value) => value >= Math.log(100))).toBe(115);
  });

  test('12: mixture of metrics', () => {
    const parts = [5.2, -1, 0.3].map((lnE, i) => ({ lnE, weight: [0.5, 0.25, 0.25][i] ?? 0 }));
    expectPrinted(lnMixture(parts), '4.511579637');
  });

  test('13: proof of safety', () => {
    const { y, V, Q } = score(counts(30, 10_000, 500, 100_000), 0.005);
    expectPrinted(lnEvidence([{ S: -y, V, Q, c: 1 / 11 }], 0), '21.6237675130');
    expectPrinted(lnEvidence([{ S: -y, V, Q, c: 1 / 11 }], 0.09), '1.0283653133');
  });

  test('14: a stage held longer than planned', () => {
    const ruler: Ruler = { unit: 4, marks: 12, ...evenly(1) };
    expectPrinted(markShare(ruler, 1) / 2, '0.0263603897');
    expectPrinted(markShare(ruler, 13) / 2, '0.0012455740');
    expectPrinted(markShare(ruler, 26) / 2, '0.0005529358');
    const lnE = run(
      130,
      (n) => 0.05 * Math.cbrt(n),
      (i) => ({
        stage: '0',
        c: 0.8,
        ruler,
        scores: totals(counts(2 + ((5 * i) % 3) + (i >= 90 ? 6 : 0), 600, 10 + ((7 * i) % 5), 2400), 0.001),
      }),
    );
    const expected = {
      31: '-.6484435010',
      49: '-1.0341102686',
      89: '-1.3865955462',
      95: '-0.6525387658',
      99: '1.5274267862',
    };
    for (const [i, value] of Object.entries(expected)) expectPrinted(lnE[Number(i)], value);
    expect(lnE.findIndex((value) => value >= Math.log(100))).toBe(103);
  });
});

/** Stages that share the evidence evenly. */
function evenly(stages: number): Pick<Ruler, 'rule' | 'stakes'> {
  const stake = { share: 1 / stages, start: 0.5 };
  return { rule: 'even', stakes: { even: stake, carried: stake } };
}

interface Poll {
  stage: string;
  c: number;
  ruler: Ruler;
  scores: Totals;
}

function run(polls: number, dispersion: Dispersion, poll: (i: number) => Poll): number[] {
  let process: Process = openProcess(1);
  let stage = '';
  return Array.from({ length: polls }, (_, i) => {
    const now = poll(i);
    if (now.stage !== stage) process = openSegment(process, now.c);
    stage = now.stage;
    process = addPoll(process, {
      stage,
      ruler: now.ruler,
      scores: [now.scores],
      yardsticks: () => [countYardstick(dispersion)],
    });
    return evidenceOf(process, [countYardstick(dispersion)]).lnE;
  });
}
