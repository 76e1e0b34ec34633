import type { PollCounts } from '../../../analysis/kernel.ts';
import type { Watch } from './rivals.ts';
import { STEP } from './traffic.ts';

/**
 * The method as it stood before the product: stages share the evidence evenly, and the larger of two dispersion curves
 * counts, that of the history and that of the rollout so far. Written from its description and sharing no code with `analysis/`, so
 * that both are judged on the same traces and each checks the other. Errors alone, soft margin 0.1 pp, alpha 1 %.
 */
export const METHOD = 'the method before, 24 h of history';

const MARGIN = 0.001;
const ALPHA = 0.01;
const UNIT = 300 / STEP;
const BETS = Array.from({ length: 24 }, (_, k) => 0.01 * 300 ** (k / 23));

interface Sums {
  c: number;
  S: number;
  V: number;
  Q: number;
}

interface Component {
  w: number;
  age: number;
  life: number;
  stages: Map<number, Sums>;
  /** Evidence as of its last update. */
  E: number;
}

export interface MethodOptions {
  /** Halves of the baseline over the day before, poll by poll. */
  history: readonly PollCounts[];
  /** Planned shares of the canary, by the stage's index. */
  shares: readonly number[];
  /** Planned polls of a stage, likewise. */
  lengths: readonly number[];
}

export function methodBefore({ history, shares, lengths }: MethodOptions): Watch {
  const before = curveOf(history.map((poll) => scoreOf(poll, 0)));
  const own: Score[] = [];
  const components: Component[] = [];
  const polls = new Map<number, number>();
  const during = curveOfMany(own);
  const start = (w: number, life: number) => components.push({ w, age: 0, life, stages: new Map(), E: 1 });
  return ({ stage, canary, baseline, halves }) => {
    own.push(scoreOf(pairOf(halves[0], halves[1]), 0));
    const one = scoreOf(pairOf(canary, baseline), MARGIN);
    if (one.V === 0) return false;
    const index = polls.get(stage) ?? 0;
    polls.set(stage, index + 1);
    const half = 0.5 / shares.length;
    const mark = index / UNIT;
    if (index === 0) start(half, Number.POSITIVE_INFINITY);
    else if (Number.isInteger(mark))
      start(half * weightOf(mark, Math.ceil((lengths[stage] ?? 0) / UNIT) - 1), 16 * UNIT * lowest(mark));
    const knots = during();
    const c = 1 - (shares[stage] ?? 0);
    let total = 1;
    for (const component of components) {
      component.age += 1;
      if (component.age <= component.life) {
        const sums = component.stages.get(stage) ?? { c, S: 0, V: 0, Q: 0 };
        component.stages.set(stage, { c, S: sums.S + one.y, V: sums.V + one.V, Q: sums.Q + one.Q });
        const G = Math.max(through(before, component.age), through(knots, component.age));
        component.E = evidenceOf([...component.stages.values()], G);
      }
      total += component.w * (component.E - 1);
    }
    return total >= 1 / ALPHA;
  };
}

/** Of a mark inside a stage of so many: nine tenths are shared by those that are planned, the rest by the blocks behind them. */
function weightOf(mark: number, marks: number): number {
  const block = Math.floor(mark / (marks + 1));
  const first = block * (marks + 1);
  const count = block === 0 ? marks : marks + 1;
  const roots = Array.from({ length: count }, (_, i) => Math.sqrt(lowest(block === 0 ? i + 1 : first + i)));
  const all = roots.reduce((sum, root) => sum + root, 0);
  return ((block === 0 ? 0.9 : 0.1 / (block * (block + 1))) * Math.sqrt(lowest(mark))) / all;
}

/** The curve of all that was scored so far. Beyond a thousand polls it is made anew with each hundredth more. */
function curveOfMany(scores: readonly Score[]): () => readonly number[] {
  let [knots, next]: [readonly number[], number] = [[], 0];
  return () => {
    if (scores.length >= next) {
      knots = curveOf(scores);
      next = scores.length < 1000 ? scores.length + 1 : Math.ceil(scores.length * 1.01);
    }
    return knots;
  };
}

/** The largest power of two that divides `mark`. */
function lowest(mark: number): number {
  return mark & -mark;
}

function evidenceOf(stages: readonly Sums[], G: number): number {
  let E = 0;
  for (const l of BETS) {
    let ln = 0;
    for (const { c, S, V, Q } of stages)
      ln += (l * S - ((Math.expm1(c * l) - c * l) / (c * c)) * V) / (1 + (G * Q) / V);
    E += Math.exp(ln) / BETS.length;
  }
  return E;
}

interface Score {
  y: number;
  V: number;
  Q: number;
}

interface Cohort {
  events: number;
  total: number;
}

export function pairOf(one: Cohort, two: Cohort): PollCounts {
  return {
    canaryEvents: one.events,
    canaryTotal: one.total,
    baselineEvents: two.events,
    baselineTotal: two.total,
  };
}

function scoreOf({ canaryEvents, canaryTotal, baselineEvents, baselineTotal }: PollCounts, d: number): Score {
  const N = canaryTotal + baselineTotal;
  if (canaryTotal === 0 || baselineTotal === 0) return { y: 0, V: 0, Q: 0 };
  const [hc, hb] = [canaryTotal / N, baselineTotal / N];
  const nH = canaryTotal * hb;
  const pb = Math.min(1, Math.max(0, (canaryEvents + baselineEvents - canaryTotal * d) / N));
  const pc = Math.min(1, Math.max(0, pb + d));
  const V = hb * hb * canaryTotal * pc + hc * hc * baselineTotal * pb;
  return V === 0
    ? { y: 0, V: 0, Q: 0 }
    : { y: hb * canaryEvents - hc * baselineEvents - nH * d, V, Q: nH * nH * (pc * pc + pb * pb) };
}

/** `gup` of blocks of 1, 2, 4 ... 256 polls of which there are eight. */
function curveOf(scores: readonly Score[]): readonly number[] {
  const knots: number[] = [];
  for (let b = 1; b <= 256 && scores.length >= 8 * b; b *= 2) {
    const blocks: Score[] = [];
    for (let i = 0; i + b <= scores.length; i += b) {
      const sum = { y: 0, V: 0, Q: 0 };
      for (let k = i; k < i + b; k++) {
        const one = scores[k];
        sum.y += one?.y ?? 0;
        sum.V += one?.V ?? 0;
        sum.Q += one?.Q ?? 0;
      }
      if (sum.V > 0) blocks.push(sum);
    }
    if (blocks.length < 8) break;
    let g = 0.1;
    let upper = 0;
    for (let round = 0; round < 4; round++) {
      let [excess, scale] = [0, 0];
      for (const { y, V, Q } of blocks) {
        const w = 1 / (V + g * Q);
        excess += w * (y * y - V);
        scale += w * Q;
      }
      g = Math.max(0, excess / scale);
      upper = Math.max(0, (excess + 0.5 * Math.sqrt(2 * blocks.length)) / scale);
    }
    knots.push(Math.max(upper, knots.at(-1) ?? 0));
  }
  return knots;
}

function through(knots: readonly number[], n: number): number {
  const last = knots.length - 1;
  if (last < 0) return 0;
  if (n >= 2 ** last) return (knots[last] ?? 0) * Math.cbrt(n / 2 ** last);
  const at = Math.log2(n);
  const left = knots[Math.floor(at)] ?? 0;
  return left + ((knots[Math.floor(at) + 1] ?? left) - left) * (at - Math.floor(at));
}
