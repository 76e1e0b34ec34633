import { Replay } from '../../analysis/replay.ts';
import { seriesOf } from '../../analysis/series.ts';
import { finished } from '../../analysis/unhurried.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Report } from '../../plans/report.ts';
import type { Backtest } from '../backtest.ts';
import type { BacktestOutcome } from '../backtest-outcome.ts';

/** A rollout of a backtest as it is drawn. `stages` say when each was entered, seconds since the rollout began. */
export interface BacktestStory extends Pick<Report, 'metrics' | 'evidence'> {
  outcome: BacktestOutcome;
  stages: { t: number; name: string }[];
}

/** Of a run that has kept its polls. */
export function storyOf(plan: Plan, run: Backtest): BacktestStory {
  const { polls } = run;
  const replay = new Replay(plan, { carried: run.carried });
  const stages: BacktestStory['stages'] = [];
  for (const poll of polls) {
    replay.add(poll);
    if (poll.t >= 0 && poll.stage !== stages.at(-1)?.name)
      stages.push({ t: poll.t - plan.source.poll, name: poll.stage });
  }
  return { outcome: run.finish(), stages, ...finished(seriesOf(replay, polls)) };
}
