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
 * The confidence sequence: the differences d that neither test rejects, by bisection. Null without data.
 * Valid at every look, however often it is looked at.
 */
export function confidenceInterval(
  sums: IntervalSums,
  confidence: Confidence,
): readonly [number, number] | null {
  if (!(sums.nH > 0)) return null;
  const enough = Math.log(1 / confidence.alpha);
  const G = confidence.dispersion(sums.polls);
  const lnE = (d: number, side: 1 | -1): number => {
    const { S, V, Q } = at(sums, d);
    return lnEvidence([{ S: side * S, V, Q, c: side === 1 ? confidence.c : confidence.mirrored }], G);
  };
  const centre = Math.min(1, Math.max(-1, sums.Y / sums.nH));
  const lower = edge(centre, -1, (d) => lnE(d, 1) >= enough);
  const upper = edge(centre, 1, (d) => lnE(d, -1) >= enough);
  return [lower, upper];
}

/** The last d that is not rejected on the way from the centre to the end. */
function edge(centre: number, end: number, rejected: (d: number) => boolean): number {
  if (!rejected(end)) return end;
  let inside = centre;
  let outside = end;
  for (let i = 0; i < 60 && Math.abs(outside - inside) > 1e-12; i++) {
    const middle = (inside + outside) / 2;
    if (rejected(middle)) outside = middle;
    else inside = middle;
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
