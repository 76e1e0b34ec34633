import type { Rule } from './ruler.ts';
import type { Totals } from './totals.ts';
import { ZERO } from './totals.ts';

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
  /** The same by the noise that a stop at once must stand; absent: by no other noise. */
  lnFrozenFirm?: number | null;
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
  /** The same where losses are reckoned by the noise that a stop at once must stand; absent: by no other noise. */
  firmPurse?: number;
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

/** Sums of the present segment: the stage since it was entered. */
export function presentSegment(track: Track): Totals {
  return track.segments.at(-1) ?? ZERO;
}
