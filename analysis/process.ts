import { logSumExp } from './kernel.ts';
import type { Rule, Ruler } from './ruler.ts';
import { markLife, markShare, marksAt } from './ruler.ts';
import { Stretches } from './stretches.ts';
import type { Totals } from './totals.ts';
import { add, subtract, ZERO } from './totals.ts';
import type { Yardstick } from './yardstick.ts';
import { countYardstick } from './yardstick.ts';

/** The component that carries the evidence: its weighted evidence, and its own sums and age. */
export interface Carrier {
  lnWeighted: number;
  sums: Totals;
  age: number;
}

/** One series under test: a ratio, or one bucket edge of a latency. */
export interface Track {
  /** Sums per segment, aligned with `Process.segments`. */
  segments: readonly Totals[];
  /** Sums of its first segment as each live component found them, aligned with `Process.live`. */
  from: readonly Totals[];
  /** ln of the weighted evidence of all frozen components; null: none. */
  lnFrozen: number | null;
  /** The strongest frozen component. */
  carrier: Carrier | null;
}

export interface Component {
  w: number;
  /** Value of the clock before its first poll. */
  start: number;
  segment: number;
  /** Last age at which it is updated; null: for ever. */
  life: number | null;
}

/**
 * The evidence of one metric over a whole rollout. Ages count the polls that were evidence, so that a quiet night
 * or a lost window leaves everything as it was. All plain JSON.
 */
export interface Process {
  clock: number;
  /**
   * Polls so far per stage, by the stage's name: the ruler goes on where it was when a stage is entered again. An amendment may put
   * another stage in its place, which is not to take over what it had.
   */
  stages: Readonly<Record<string, number>>;
  /** One for each visit of a stage: 1 - planned share. */
  segments: readonly number[];
  live: readonly Component[];
  /** What is not at stake: all at first, less the weight of each component that starts, and what losers leave. */
  purse: number;
  /** What each stage began with, by its name; of the rule `carried` alone. */
  stakes: Readonly<Record<string, number>>;
  /** By the plan that was in force at the first poll, for good; null before it. */
  rule: Rule | null;
  tracks: readonly Track[];
}

export function openProcess(tracks: number): Process {
  const track: Track = { segments: [], from: [], lnFrozen: null, carrier: null };
  return {
    clock: 0,
    stages: {},
    segments: [],
    live: [],
    purse: 1,
    stakes: {},
    rule: null,
    tracks: Array.from({ length: tracks }, () => track),
  };
}

/** The evidence begins again in the present stage; the stage's ruler goes on. */
export function restartProcess(process: Process): Process {
  const fresh = { ...openProcess(process.tracks.length), stages: process.stages, rule: process.rule };
  const c = process.segments.at(-1);
  return c === undefined ? fresh : openSegment(fresh, c);
}

/** A stage is entered: what follows is summed apart, with this stage's bound. */
export function openSegment(process: Process, c: number): Process {
  return {
    ...process,
    segments: [...process.segments, c],
    tracks: process.tracks.map((track) => ({ ...track, segments: [...track.segments, ZERO] })),
  };
}

/** One poll of a stage: `scores` and `yardsticks` hold one for each track; the latter are asked for where a component ends. */
export interface ProcessPoll {
  /** Its name. */
  stage: string;
  ruler: Ruler;
  scores: readonly Totals[];
  yardsticks: () => readonly Yardstick[];
}

/** Work does not depend on what went before. */
export function addPoll(before: Process, poll: ProcessPoll): Process {
  const process = begin(before, poll);
  const index = process.stages[poll.stage] ?? 0;
  const { starts, purse } = startsAt(process, poll, before);
  const last = process.segments.length - 1;
  const tracks = process.tracks.map((track, i): Track => {
    const now = track.segments[last] ?? ZERO;
    return {
      ...track,
      from: starts.length === 0 ? track.from : [...track.from, ...starts.map(() => now)],
      segments: [...track.segments.slice(0, last), add(now, poll.scores[i] ?? ZERO)],
    };
  });
  const next: Process = {
    ...process,
    clock: process.clock + 1,
    stages: { ...process.stages, [poll.stage]: index + 1 },
    live: starts.length === 0 ? process.live : [...process.live, ...starts],
    purse,
    tracks,
  };
  return freeze(next, poll.yardsticks);
}

/** The rule is settled; a stage that begins closes what has lost until then, and is given its share of the purse. */
function begin(process: Process, { stage, ruler, yardsticks }: ProcessPoll): Process {
  const rule = process.rule ?? ruler.rule;
  const known = process.rule === null ? { ...process, rule } : process;
  if (rule === 'even' || process.stakes[stage] !== undefined) return known;
  const settled = process.live.length === 0 ? known : end(known, { yardsticks: yardsticks(), over: null });
  return { ...settled, stakes: { ...settled.stakes, [stage]: ruler.stakes.carried.share * settled.purse } };
}

/** Of the purse what one mark takes at the most. A stage's marks never come to it, unless their stake was spent elsewhere. */
const MOST = 0.9;

function startsAt(
  process: Process,
  { stage, ruler }: ProcessPoll,
  before: Process,
): { starts: Component[]; purse: number } {
  const at = { start: process.clock, segment: process.segments.length - 1 };
  const index = process.stages[stage] ?? 0;
  const even = process.rule === 'even';
  const { share, start: part } = ruler.stakes[process.rule ?? ruler.rule];
  const stake = even ? share : (process.stakes[stage] ?? 0);
  // Also after a restart of the evidence in the middle of a stage.
  const isNew = even ? index === 0 || process.clock === 0 : before.stakes[stage] === undefined;
  const starts: Component[] = [];
  let { purse } = process;
  const start = (wanted: number, life: number | null) => {
    const w = even ? wanted : Math.min(wanted, MOST * purse);
    if (!(w > 0)) return;
    starts.push({ ...at, w, life });
    purse -= w;
  };
  if (isNew) start(part * stake, null);
  for (const mark of marksAt(ruler, index))
    start((1 - part) * stake * markShare(ruler, mark), markLife(ruler, mark));
  return { starts, purse };
}

/** Components at the end of their life. */
function freeze(process: Process, measure: () => readonly Yardstick[]): Process {
  const over = (component: Component) =>
    component.life !== null && process.clock - component.start + 1 > component.life;
  return process.live.some(over) ? end(process, { yardsticks: measure(), over }) : process;
}

/**
 * Components end: those that are `over`, or all that have lost (null). What is left of a loss goes back to the purse; a gain
 * is kept in one sum and never put at stake again. By the rule `even` a loss is kept as well.
 */
function end(
  process: Process,
  {
    yardsticks,
    over,
  }: { yardsticks: readonly Yardstick[]; over: ((component: Component) => boolean) | null },
): Process {
  const asked = process.live.flatMap((component, i) => {
    if (over !== null && !over(component)) return [];
    const values = process.tracks.map((track, number) =>
      lnWeightedOf(process, track, i, yardsticks[number] ?? PLAIN),
    );
    const worth = Math.exp(logSumExp(values)) / process.tracks.length;
    const lost = process.rule !== 'even' && worth < component.w;
    return over === null && !lost ? [] : [{ i, values, left: lost ? worth : null }];
  });
  const ended = new Set(asked.map(({ i }) => i));
  const tracks = process.tracks.map((track, number): Track => {
    const kept = track.lnFrozen === null ? [] : [track.lnFrozen];
    let { carrier } = track;
    for (const { i, values, left } of asked) {
      const lnWeighted = values[number] ?? Number.NEGATIVE_INFINITY;
      if (left !== null) continue;
      kept.push(lnWeighted);
      if (carrier === null || lnWeighted > carrier.lnWeighted)
        carrier = carrierOf(process, track, i, lnWeighted) ?? carrier;
    }
    return {
      ...track,
      lnFrozen: kept.length === 0 ? null : logSumExp(kept),
      carrier,
      from: track.from.filter((_, i) => !ended.has(i)),
    };
  });
  return {
    ...process,
    tracks,
    live: process.live.filter((_, i) => !ended.has(i)),
    purse: asked.reduce((sum, { left }) => sum + (left ?? 0), process.purse),
  };
}

/** Counting noise alone. */
const PLAIN = countYardstick(() => 0);

const NEVER: Component = { w: 0, start: 0, segment: 0, life: null };

/** ln of the weighted evidence of a live component. */
function lnWeightedOf(process: Process, track: Track, i: number, yardstick: Yardstick): number {
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
      c: process.segments[s] ?? 1,
    });
  }
  return Math.log(w) + yardstick.lnEvidence(OWN, process.clock - start);
}

/** Scratch of one call. */
const OWN = new Stretches();

/** A live component as the one that may carry the evidence; null: it has no data. */
function carrierOf(process: Process, track: Track, i: number, lnWeighted: number): Carrier | null {
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

/** Sums of the present segment: the stage since it was entered. */
export function presentSegment(track: Track): Totals {
  return track.segments.at(-1) ?? ZERO;
}
