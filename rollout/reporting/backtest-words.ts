import type { BacktestOutcome } from '../backtest.ts';

/** "would have held longer in 5%, 25% (errors: no series of the canary), 100% (baking, 60 s to go)"; empty: in none. */
export function heldText({ held, heldBy }: Pick<BacktestOutcome, 'held' | 'heldBy'>): string {
  if (held.length === 0) return '';
  const parts = held.map((stage, index) => {
    const reason = heldBy[stage];
    const next = held[index + 1];
    // What several lacked one after the other is said once.
    return next !== undefined && heldBy[next] === reason ? stage : `${stage} (${reason})`;
  });
  return `would have held longer in ${parts.join(', ')}`;
}

/** "the trace has nothing of 25%, 100%"; empty: it has all stages of the plan. */
export function unseenText({ unseen }: Pick<BacktestOutcome, 'unseen'>): string {
  return unseen.length === 0 ? '' : `the trace has nothing of ${unseen.join(', ')}`;
}
