import type { TraceEntry, TraceFaults } from '../analysis/trace.ts';
import { TraceReader } from '../analysis/trace.ts';
import type { Plan } from '../plans/plan.ts';
import { Backtest } from './backtest.ts';
import type { BacktestOutcome } from './backtest-outcome.ts';
import { type BacktestStory, storyOf } from './reporting/backtest-story.ts';

/** What became of the rollouts of some lines of a trace; `line` is that of a rollout's first one. */
export interface TraceRunResult {
  faults: TraceFaults;
  /** Of the first rollouts, as many as were to be drawn. */
  stories: BacktestStory[];
  outcomes: { line: number; outcome: BacktestOutcome }[];
}

/** Runs the rollouts of a trace line by line. It keeps what each rollout knows, and no samples but those of its history. */
export class TraceRun {
  readonly #plan: Plan;
  readonly #reader: TraceReader;
  readonly #draw: number;
  readonly #rollouts = new Map<string, { line: number; run: Backtest }>();

  /** `draw`: of so many rollouts, the first ones, there is a story in the end. */
  constructor(plan: Plan, { draw = 0 } = {}) {
    this.#plan = plan;
    this.#draw = draw;
    this.#reader = new TraceReader(plan);
  }

  get rollouts(): number {
    return this.#rollouts.size;
  }

  /** All lines of one rollout come to the same run, in their order; `number` is the line's own in the file, from 1. */
  add(text: string, number: number): void {
    const entry = this.#reader.read(text, number);
    if (entry === null) return;
    const { run } = this.#runOf(entry, number);
    if (entry.kind === 'sample') {
      run.addSample(entry.sample);
      return;
    }
    const { kind: _, rollout: __, after: ___, ...history } = entry;
    run.addHistory({ stage: 'history', ...history });
  }

  finish(): TraceRunResult {
    const rollouts = [...this.#rollouts.values()];
    return {
      faults: this.#reader.faults(),
      stories: rollouts.slice(0, this.#draw).map(({ run }) => storyOf(this.#plan, run)),
      outcomes: rollouts.map(({ line, run }) => ({ line, outcome: run.finish() })),
    };
  }

  #runOf({ rollout, after }: TraceEntry, line: number): { line: number; run: Backtest } {
    const known = this.#rollouts.get(rollout);
    if (known !== undefined) return known;
    const carried = after === undefined ? null : (this.#rollouts.get(after)?.run.left ?? null);
    const keep = this.#rollouts.size < this.#draw;
    const fresh = { line, run: new Backtest(this.#plan, rollout, { keep, carried }) };
    this.#rollouts.set(rollout, fresh);
    return fresh;
  }
}
