import { duration } from '../../plans/words.ts';
import type { BacktestOutcome } from '../backtest-outcome.ts';

/** What a backtest says beside how a rollout ended: what the trace lacks, whom the plan would have taken off, and where it would have waited. */
export function backtestNotes(found: BacktestNoted): string[] {
  const { excluded = [] } = found;
  return [
    unseenText(found),
    ...excluded.map(({ who, stage, t }) => `would have excluded ${who} in ${stage} after ${duration(t)}`),
    heldText(found),
  ].filter((text) => text !== '');
}

type BacktestNoted = Pick<BacktestOutcome, 'excluded' | 'held' | 'heldBy' | 'unseen'>;

/** "would have held longer in 5%, 25% (errors: no series of the canary), 100% (baking, 1 min to go)"; empty: in none. */
function heldText({ held, heldBy }: Pick<BacktestOutcome, 'held' | 'heldBy'>): string {
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
function unseenText({ unseen }: Pick<BacktestOutcome, 'unseen'>): string {
  return unseen.length === 0 ? '' : `the trace has nothing of ${unseen.join(', ')}`;
}
