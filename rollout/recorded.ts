import { StageFinder } from '../analysis/stage-finder.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { Backtest } from './backtest.ts';
import type { BacktestOutcome } from './backtest-outcome.ts';
import { type BacktestStory, storyOf } from './reporting/backtest-story.ts';

/** Windows without a canary after which a rollout is over, in seconds; and of the time before one that are kept. */
const OVER = 3600;
const MOST_HISTORY = 5_760;

/**
 * Finds the rollouts in a recorded past and runs each through the plan. What share of the requests the canary had says
 * which stage it was in; the time before a rollout is its history. Samples come in the order of time, `t` in Unix seconds.
 */
export class Recorded {
  readonly #plan: Plan;
  readonly #name: string;
  readonly #fixed: string | null;
  readonly #draw: number;
  readonly #outcomes: BacktestOutcome[] = [];
  readonly #stories: BacktestStory[] = [];
  readonly #finder: StageFinder;
  readonly #history: Sample[] = [];
  #present: { run: Backtest; origin: number; seen: number } | null = null;
  #began = 0;

  /** `stage`: every window with a canary was in it; null: their shares say. `draw`: rollouts with a story in the end. */
  constructor(plan: Plan, { name, stage, draw }: { name: string; stage: string | null; draw: number }) {
    this.#plan = plan;
    this.#name = name;
    this.#fixed = stage;
    this.#draw = draw;
    this.#finder = new StageFinder(plan);
  }

  add(sample: Sample): void {
    const stage = this.#stageOf(sample);
    if (stage === null) {
      this.#history.push(sample);
      if (this.#history.length > MOST_HISTORY) this.#history.shift();
      if (this.#present !== null && sample.t - this.#present.seen >= OVER) this.#close();
      return;
    }
    this.#present ??= this.#begin(sample.t - this.#plan.source.poll);
    const { run, origin } = this.#present;
    this.#present.seen = sample.t;
    run.addSample({ ...sample, stage, t: sample.t - origin });
  }

  finish(): { outcomes: BacktestOutcome[]; stories: BacktestStory[] } {
    this.#close();
    return { outcomes: this.#outcomes, stories: this.#stories };
  }

  #stageOf(sample: Sample): string | null {
    if (this.#fixed === null) return this.#finder.add(sample);
    return sample.canary.requests > 0 ? this.#fixed : null;
  }

  #begin(origin: number): { run: Backtest; origin: number; seen: number } {
    this.#began += 1;
    const name = this.#began === 1 ? this.#name : `${this.#name}-${this.#began}`;
    const run = new Backtest(this.#plan, name, { keep: this.#began <= this.#draw });
    for (const { t, baseline, halves, slices } of this.#history) {
      if (t > origin) continue;
      run.addHistory({
        stage: 'history',
        t: t - origin,
        baseline,
        ...(halves === undefined ? {} : { halves }),
        ...(slices === undefined ? {} : { slices }),
      });
    }
    return { run, origin, seen: origin };
  }

  #close(): void {
    if (this.#present === null) return;
    const { run } = this.#present;
    this.#present = null;
    if (this.#stories.length < this.#draw) this.#stories.push(storyOf(this.#plan, run));
    this.#outcomes.push(run.finish());
  }
}
