import { logSumExp } from './kernel.ts';
import type { Carrier, Component, Process, Track } from './process-state.ts';
import { Stretches } from './stretches.ts';
import { add, subtract, ZERO } from './totals.ts';
import type { Yardstick } from './yardstick.ts';
import { countYardstick } from './yardstick.ts';

/** Counting noise alone. */
export const PLAIN = countYardstick(() => 0);

const NEVER: Component = { w: 0, start: 0, segment: 0, life: null };

/** ln of the weighted evidence of a live component. */
export function lnWeightedOf(process: Process, track: Track, i: number, yardstick: Yardstick): number {
  return lnWeightedBy(yardstick.lnEvidence, process, track, i);
}

/** The same by the noise that a stop at once must stand. */
export function lnWeightedFirm(process: Process, track: Track, i: number, yardstick: Yardstick): number {
  return lnWeightedBy(yardstick.lnFirm ?? yardstick.lnEvidence, process, track, i);
}

function lnWeightedBy(by: Yardstick['lnEvidence'], process: Process, track: Track, i: number): number {
  const { w, start, segment } = process.live[i] ?? NEVER;
  const from = track.from[i] ?? ZERO;
  OWN.clear();
  for (let s = segment; s < process.segments.length; s++) {
    const all = track.segments[s] ?? ZERO;
    const before = s === segment ? from : ZERO;
    OWN.add({
      S: all[0] - before[0],
      V: all[1] - before[1],
      Q: all[2] - before[2],
      plainS: all[6] - before[6],
      nH: all[7] - before[7],
      c: process.segments[s] ?? 1,
    });
  }
  return Math.log(w) + by(OWN, process.clock - start);
}

/** Scratch of one call. */
const OWN = new Stretches();

/** A live component as the one that may carry the evidence; null: it has no data. */
export function carrierOf(process: Process, track: Track, i: number, lnWeighted: number): Carrier | null {
  const { start, segment } = process.live[i] ?? NEVER;
  let sums = subtract(track.segments[segment] ?? ZERO, track.from[i] ?? ZERO);
  for (let s = segment + 1; s < process.segments.length; s++) sums = add(sums, track.segments[s] ?? ZERO);
  return sums[7] > 0 ? { lnWeighted, sums, age: process.clock - start } : null;
}

/** Evidence of the process: the average over its tracks, and the estimate of the component that carries it (null: no data yet). */
export function evidenceOf(
  process: Process,
  yardsticks: readonly Yardstick[],
): { lnE: number; carrier: Carrier | null; track: number | null; estimate: Estimate | null } {
  if (process.tracks.length === 0) return { lnE: 0, carrier: null, track: null, estimate: null };
  const lnRest = process.purse > 0 ? Math.log(process.purse) : null;
  const values: number[] = [];
  let strongest: Carrier | null = null;
  let on: number | null = null;
  let measure = PLAIN;
  for (const [number, track] of process.tracks.entries()) {
    const yardstick = yardsticks[number] ?? PLAIN;
    if (lnRest !== null) values.push(lnRest);
    if (track.lnFrozen !== null) values.push(track.lnFrozen);
    let { carrier } = track;
    for (let i = 0; i < process.live.length; i++) {
      const lnWeighted = lnWeightedOf(process, track, i, yardstick);
      values.push(lnWeighted);
      if (carrier === null || lnWeighted > carrier.lnWeighted)
        carrier = carrierOf(process, track, i, lnWeighted) ?? carrier;
    }
    if (carrier !== null && (strongest === null || carrier.lnWeighted > strongest.lnWeighted)) {
      strongest = carrier;
      on = number;
      measure = yardstick;
    }
  }
  return {
    lnE: logSumExp(values) - Math.log(process.tracks.length),
    carrier: strongest,
    track: on,
    estimate: strongest === null ? null : estimateOf(strongest, measure),
  };
}

/** What is not at stake, by the noise that a stop at once must stand. A loss that is larger by that noise may leave less than nothing. */
export function firmPurse({ purse, firmPurse: known = purse }: Process): number {
  return known;
}

export function firmFrozen({ lnFrozen, lnFrozenFirm: known = lnFrozen }: Track): number | null {
  return known;
}

/** ln of the evidence of the process by the noise that a stop at once must stand: asked for where it is to be stopped. */
export function lnFirmOf(process: Process, yardsticks: readonly Yardstick[]): number {
  if (process.tracks.length === 0) return 0;
  const rest = firmPurse(process);
  const values = process.tracks.flatMap((track, number) => {
    const yardstick = yardsticks[number] ?? PLAIN;
    const frozen = firmFrozen(track);
    return [
      ...(rest > 0 ? [Math.log(rest)] : []),
      ...(frozen === null ? [] : [frozen]),
      ...process.live.map((_, i) => lnWeightedFirm(process, track, i, yardstick)),
    ];
  });
  return logSumExp(values) - Math.log(process.tracks.length);
}

/**
 * ln of the evidence of the last polls alone: of the live component whose age is nearest to `polls`, as if all had been put on it.
 * Null: none is live.
 */
export function lnLately(process: Process, yardsticks: readonly Yardstick[], polls: number): number | null {
  const off = ({ start }: Component) => Math.abs(process.clock - start - polls);
  const nearest = process.live.reduce<number | null>(
    (best, one, i) => (best === null || off(one) < off(process.live[best] ?? NEVER) ? i : best),
    null,
  );
  if (nearest === null) return null;
  const values = process.tracks.map((track, number) =>
    lnWeightedOf(process, track, nearest, yardsticks[number] ?? PLAIN),
  );
  return logSumExp(values) - Math.log(process.tracks.length * (process.live[nearest] ?? NEVER).w);
}

/** Difference, its standard error at the hard margin, and both margins in the same unit, over a carrier's data. */
function estimateOf(carrier: Carrier, yardstick: Yardstick): Estimate {
  const [S, , , hardS, , , plainS, nH] = carrier.sums;
  return {
    difference: plainS / nH,
    soft: (plainS - S) / nH,
    hard: (plainS - hardS) / nH,
    standardError: yardstick.deviation(carrier.sums, carrier.age) / nH,
  };
}

export interface Estimate {
  difference: number;
  soft: number;
  hard: number;
  standardError: number;
}
