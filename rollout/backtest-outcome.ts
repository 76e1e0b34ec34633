import type { Assessment } from '../plans/assessment.ts';

/** What a plan would have done with one recorded rollout. Null where nothing stopped it. */
export interface BacktestOutcome {
  rollout: string;
  outcome: 'completed' | 'paused' | 'rolled-back';
  /** The stage and the time (seconds since the rollout began) of the stop, else of the trace's end. */
  stage: string;
  t: number;
  metric: string | null;
  /** The slice of the traffic that carries the stop; absent: all of it does. */
  slice?: string;
  severity: 'soft' | 'hard' | null;
  /** ln of the mixture over all metrics. */
  lnE: number;
  /** Canary minus baseline of the metric, as the journal would have it. */
  estimate: number | null;
  reason: string;
  /** Stages that the trace has left although the gate would still have held. */
  held: string[];
  /** What each of them still lacked when the trace left it. */
  heldBy: Record<string, string>;
  /** Stages of the plan that the trace has no poll of, where nothing stopped it: of them nothing is known. */
  unseen: string[];
  /** Who would have been taken off the canary alone, until then; absent: nobody. */
  excluded?: BacktestExclusion[];
  /** When it would have been paused for missing data, which the trace has gone on after; absent: never. */
  noData?: BacktestLoss[];
  /** Of a soft stop that would have become a hard one while the rollout was paused in its stage; absent: none would. */
  worsened?: { t: number; reason: string };
  /** Limits of the plan that a trace has no values of, and so that nothing was judged by; absent: none. */
  unjudged?: string[];
}

/** A pause for missing data, which ends by itself. Times are seconds since the rollout began. */
export interface BacktestLoss {
  stage: string;
  t: number;
  /** The first poll with data after it; null: there was none in that stage. */
  until: number | null;
  reason: string;
}

/** A slice that got worse alone, while the rollout went on for the rest. */
export interface BacktestExclusion {
  /** As exposures name them: `tenant=acme`. */
  who: string;
  stage: string;
  /** Seconds since the rollout began. */
  t: number;
  metric: string | null;
  reason: string;
}

/** The evidence's own, whatever the policy makes of it; of a limit what it did. */
export function severityOf(
  { verdict }: Assessment,
  otherwise: 'hard' | 'soft' | null,
): 'hard' | 'soft' | null {
  return verdict === 'hard' || verdict === 'soft' ? verdict : otherwise;
}
