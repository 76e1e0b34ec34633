import { duration } from '../../plans/words.ts';
import type { BacktestOutcome } from '../backtest-outcome.ts';

/** What a backtest says beside how a rollout ended: what the trace lacks, whom the plan would have taken off, and where it would have waited. */
export function backtestNotes(found: BacktestNoted): string[] {
  const { excluded = [], worsened, t: stopped } = found;
  return [
    ...(worsened === undefined
      ? []
      : [
          `a hard stop ${duration(worsened.t - stopped)} later, unless somebody had answered: ${worsened.reason}`,
        ]),
    unseenText(found),
    ...lossTexts(found),
    ...excluded.map(({ who, stage, t }) => `would have excluded ${who} in ${stage} after ${duration(t)}`),
    heldText(found),
  ].filter((text) => text !== '');
}

type BacktestNoted = Pick<
  BacktestOutcome,
  't' | 'excluded' | 'held' | 'heldBy' | 'noData' | 'unseen' | 'worsened'
>;

/** What stands under `held` with the same words is not said twice. */
function lossTexts({ noData = [], heldBy }: Pick<BacktestOutcome, 'noData' | 'heldBy'>): string[] {
  return noData
    .filter(({ stage, until, reason }) => until !== null || heldBy[stage] !== reason)
    .map(({ stage, t, until, reason }) => {
      const times = until === null ? `after ${duration(t)}` : `from ${duration(t)} to ${duration(until)}`;
      return `would have been paused in ${stage} ${times} (${reason})`;
    });
}

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
