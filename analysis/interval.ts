import type { Dispersion } from './dispersion.ts';
import type { PollCounts } from './kernel.ts';
import { lnEvidence } from './kernel.ts';

/**
 * V and Q of a group of polls as polynomials in the margin d, while no rate is clipped (`open`) and where it is
 * (`shut`): V = v0 + v1*d, Q = q0 + q1*d + q2*d^2.
 */
type Coefficients = readonly [v0: number, v1: number, q0: number, q1: number, q2: number];
interface Bin {
  key: number;
  open: Coefficients;
  shut: Coefficients;
}

/**
 * All that a confidence sequence needs of the polls of one stage, of bounded size: the score is linear in d, and
 * V and Q are polynomials in d up to the margin at which a poll's rate reaches zero. Polls are grouped by that
 * margin, eight groups to a decade on either side: exact for every d but within the group that d lies in, where
 * an upper bound of the variance is taken, so that the interval is never too narrow.
 */
export interface IntervalSums {
  polls: number;
  /** Score at d = 0, and nH. */
  Y: number;
  nH: number;
  above: readonly Bin[];
  below: readonly Bin[];
}

export const NO_POLLS: IntervalSums = { polls: 0, Y: 0, nH: 0, above: [], below: [] };

const PER_DECADE = 8;
const ALWAYS_SHUT = -199;

export function addToInterval(sums: IntervalSums, counts: PollCounts): IntervalSums {
  const { canaryEvents: xc, canaryTotal: nc, baselineEvents: xb, baselineTotal: nb } = counts;
  const n = nc + nb;
  if (nc <= 0 || nb <= 0) return { ...sums, polls: sums.polls + 1 };
  const x = xc + xb;
  const hc = nc / n;
  const hb = nb / n;
  const nH = (nc * nb) / n;
  const p = x / n;
  const h2 = nH * nH;
  const open: Coefficients = [
    hb * hb * nc * p + hc * hc * nb * p,
    hb * hb * nc * hb - hc * hc * nb * hc,
    h2 * 2 * p * p,
    h2 * 2 * p * (hb - hc),
    h2 * (hb * hb + hc * hc),
  ];
  // d > x/nc: the baseline's rate is clipped to 0; d < -x/nb: the canary's.
  const shutAbove: Coefficients = [0, hb * hb * nc, 0, 0, h2];
  const shutBelow: Coefficients = [
    hc * hc * nb * p,
    -hc * hc * nb * hc,
    h2 * p * p,
    -2 * h2 * p * hc,
    h2 * hc * hc,
  ];
  return {
    polls: sums.polls + 1,
    Y: sums.Y + hb * xc - hc * xb,
    nH: sums.nH + nH,
    above: into(sums.above, { key: binOf(x / nc), open, shut: shutAbove }),
    below: into(sums.below, { key: binOf(x / nb), open, shut: shutBelow }),
  };
}

function into(bins: readonly Bin[], bin: Bin): readonly Bin[] {
  const at = bins.findIndex(({ key }) => key === bin.key);
  const known = bins[at];
  if (known === undefined) return [...bins, bin];
  return bins.with(at, { key: bin.key, open: plus(known.open, bin.open), shut: plus(known.shut, bin.shut) });
}

function binOf(breakpoint: number): number {
  if (breakpoint <= 0) return ALWAYS_SHUT;
  return Math.max(ALWAYS_SHUT + 1, Math.floor(PER_DECADE * Math.log10(breakpoint)));
}

function plus(a: Coefficients, b: Coefficients): Coefficients {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]];
}

interface Confidence {
  /** Error probability on each side. */
  alpha: number;
  /** Bounds on the jumps of the score and of its mirror image. */
  c: number;
  mirrored: number;
  dispersion: Dispersion;
}

/**
 * The confidence sequence: the differences d that neither test rejects. Null without data.
 * Valid at every look, however often it is looked at.
 */
export function confidenceInterval(
  sums: IntervalSums,
  confidence: Confidence,
): readonly [number, number] | null {
  if (!(sums.nH > 0)) return null;
  const enough = Math.log(1 / confidence.alpha);
  const G = confidence.dispersion(sums.polls);
  const centre = Math.min(1, Math.max(-1, sums.Y / sums.nH));
  const { V, Q } = at(sums, centre);
  const guess = Math.max(NARROWEST, Math.sqrt(2 * (enough + MIXTURE) * (V + G * Q)) / sums.nH);
  const excess = (side: 1 | -1) => (d: number) => {
    const { S, V, Q } = at(sums, d);
    const c = side === 1 ? confidence.c : confidence.mirrored;
    return lnEvidence([{ S: side * S, V, Q, c }], G) - enough;
  };
  return [edge({ centre, end: -1, guess }, excess(1)), edge({ centre, end: 1, guess }, excess(-1))];
}

const NARROWEST = 1e-6;
/** About what a mixture of bets has lost where the best of them is enough. */
const MIXTURE = 2.5;
const EXACT = 1e-12;

/**
 * The last d that is not rejected (its `excess` is negative) on the way from the centre to the end, to 1e-12: outwards from a guess of the
 * width, and then by ITP, whose steps are those of false position and never more than one beyond those of bisection
 * (Oliveira and Takahashi, "An enhancement of the bisection method average performance preserving minmax optimality", 2020).
 */
function edge(
  { centre, end, guess }: { centre: number; end: number; guess: number },
  excess: (d: number) => number,
): number {
  const towards = Math.sign(end - centre);
  let [inside, below] = [centre, Math.min(excess(centre), -Number.MIN_VALUE)];
  let [outside, above] = [centre, 0];
  for (let width = guess; ; width *= 2) {
    const isEnd = width >= Math.abs(end - centre);
    outside = isEnd ? end : centre + towards * width;
    above = excess(outside);
    if (above >= 0) break;
    if (isEnd) return end;
    [inside, below] = [outside, above];
  }
  const shrink = 0.2 / Math.abs(outside - inside);
  const most = Math.ceil(Math.log2(Math.abs(outside - inside) / EXACT)) + 1;
  for (let i = 0; Math.abs(outside - inside) > EXACT && i <= most; i++) {
    const gap = outside - inside;
    const middle = inside + gap / 2;
    const straight = inside + (gap * below) / (below - above);
    const truncated = middle - straight;
    const nudge = Math.min(shrink * gap * gap, Math.abs(truncated));
    let next = straight + Math.sign(truncated) * nudge;
    const room = (EXACT / 2) * 2 ** (most - i) - Math.abs(gap) / 2;
    if (!(Math.abs(next - middle) <= room)) next = middle - (Math.sign(truncated) || 0) * Math.max(0, room);
    const value = excess(next);
    if (value >= 0) [outside, above] = [next, value];
    else [inside, below] = [next, value];
  }
  return inside;
}

function at(sums: IntervalSums, d: number): { S: number; V: number; Q: number } {
  let V = 0;
  let Q = 0;
  const present = binOf(Math.abs(d));
  for (const { key, open, shut } of d >= 0 ? sums.above : sums.below) {
    const [v, q] =
      key === present && key > ALWAYS_SHUT
        ? chord({ key, open, shut }, d)
        : formAt(key > present ? open : shut, d);
    V += v;
    Q += q;
  }
  return { S: sums.Y - sums.nH * d, V, Q };
}

function formAt([v0, v1, q0, q1, q2]: Coefficients, d: number): readonly [V: number, Q: number] {
  return [v0 + v1 * d, q0 + q1 * d + q2 * d * d];
}

/**
 * In the group that d lies in some polls are clipped and some not. V and Q of each poll are convex in d, none is clipped
 * at the group's near end and all are at its far end: the line between the two is never below the truth.
 */
function chord({ key, open, shut }: Bin, d: number): readonly [V: number, Q: number] {
  const [near, far] = [10 ** (key / PER_DECADE), 10 ** ((key + 1) / PER_DECADE)];
  const share = Math.min(1, Math.max(0, (Math.abs(d) - near) / (far - near)));
  const side = d < 0 ? -1 : 1;
  const [v, q] = formAt(open, side * near);
  const [w, r] = formAt(shut, side * far);
  return [v + share * (w - v), q + share * (r - q)];
}
