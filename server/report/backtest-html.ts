import { clock, duration } from '../../plans/words.ts';
import type { BacktestOutcome } from '../../rollout/backtest-outcome.ts';
import type { BacktestStory } from '../../rollout/reporting/backtest-story.ts';
import { backtestNotes } from '../../rollout/reporting/backtest-words.ts';
import { drawCharts } from './charts.ts';
import { renderPage } from './page.ts';

export interface BacktestPage {
  plan: string;
  /** All outcomes in one sentence. */
  summary: string;
  stories: readonly BacktestStory[];
  /** Rollouts that are not drawn. */
  left: number;
  /** Milliseconds since 1970. */
  madeAt: number;
}

const TONES: Record<BacktestOutcome['outcome'], string> = {
  completed: 'pass',
  paused: 'soft',
  'rolled-back': 'hard',
};

/** Backtests as one self-contained page of charts. */
export function backtestHtml({ plan, summary, stories, left, madeAt }: BacktestPage): string {
  return renderPage('backtest.html.njk', {
    plan,
    summary,
    left,
    made: clock(madeAt),
    stories: stories.map(({ outcome, stages, ...series }) => ({
      rollout: outcome.rollout,
      outcome: outcome.outcome.replace('-', ' '),
      tone: TONES[outcome.outcome],
      reason: reasonOf(outcome),
      charts: drawCharts(series, {
        stages,
        stop: outcome.outcome === 'completed' ? null : { t: outcome.t, name: 'stop' },
        time: duration,
      }),
    })),
  });
}

function reasonOf(found: BacktestOutcome): string {
  const { outcome, stage, t, reason } = found;
  const notes = backtestNotes(found)
    .map((note) => `; ${note}`)
    .join('');
  if (outcome !== 'completed') return `In stage ${stage} after ${duration(t)}: ${reason}${notes}.`;
  const { unseen, held } = found;
  const through =
    unseen.length + held.length === 0
      ? 'It would have gone through, to'
      : 'Nothing would have stopped it, up to';
  return `${through} ${stage} after ${duration(t)}${notes}.`;
}
