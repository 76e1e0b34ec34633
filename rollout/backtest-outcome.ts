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
