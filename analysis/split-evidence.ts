/** A number of each cohort. */
export interface Pair {
  baseline: number;
  canary: number;
}

/**
 * A split that a person has accepted in this stage. `users`: those that were counted by then; null: they were not known, or not
 * comparable. `from`: what of the present counts is older than the acceptance and is not tested again.
 */
export interface AcceptedSplit {
  users: Pair | null;
  requests: Pair;
  from: Pair;
}

/** How the distinct users of the two cohorts were counted since the stage began. */
export interface SplitEvidence {
  /** As they were last told, also in the stage before; null: never. */
  users: Pair | null;
  /** Who counted them: another process has seen other users. */
  by: string | null;
  /** `t` at which they were told; null: not yet in this stage. */
  at: number | null;
  /** True when both counts began together and with the stage, so that every user is in them once. */
  comparable: boolean;
  /** How often counting began in this stage: each beginning has its own share of ALPHA. */
  begun: number;
  /** True when an internal stage has shown that its users are counted: the canary then has more than its share. */
  mixed: boolean;
  /** The most canary users that an internal stage has shown; absent: none, and in evidence of older versions. */
  internal?: number;
  /** Requests of the stage in complete blocks, and those of the block that is not complete yet. */
  requests: Pair;
  open: Pair;
  /** Absent: nothing was accepted in this stage. */
  accepted?: AcceptedSplit;
}

export const NONE: Pair = { baseline: 0, canary: 0 };

export function openSplit(): SplitEvidence {
  return {
    users: null,
    by: null,
    at: null,
    comparable: false,
    begun: 0,
    mixed: false,
    requests: NONE,
    open: NONE,
  };
}
