import type { TraceFaults } from '../analysis/trace.ts';
import { TraceReader } from '../analysis/trace.ts';
import type { Plan } from '../plans/plan.ts';
import { Backtest, type BacktestOutcome } from './backtest.ts';

/** What became of the rollouts of some lines of a trace; `line` is that of a rollout's first one. */
export interface TraceRunResult {
  faults: TraceFaults;
  outcomes: { line: number; outcome: BacktestOutcome }[];
}

/** Runs the rollouts of a trace line by line. It keeps what each rollout knows, and no samples but those of its history. */
export class TraceRun {
  readonly #plan: Plan;
  readonly #reader: TraceReader;
  readonly #rollouts = new Map<string, { line: number; run: Backtest }>();

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#reader = new TraceReader(plan);
  }

  get rollouts(): number {
    return this.#rollouts.size;
  }

  /** All lines of one rollout come to the same run, in their order; `number` is the line's own in the file, from 1. */
  add(text: string, number: number): void {
    const entry = this.#reader.read(text, number);
    if (entry === null) return;
    const { run } = this.#runOf(entry.rollout, number);
    if (entry.kind === 'sample') {
      run.addSample(entry.sample);
      return;
    }
    const { t, baseline, halves } = entry;
    run.addHistory({ stage: 'history', t, baseline, ...(halves === undefined ? {} : { halves }) });
  }

  finish(): TraceRunResult {
    return {
      faults: this.#reader.faults(),
      outcomes: [...this.#rollouts.values()].map(({ line, run }) => ({ line, outcome: run.finish() })),
    };
  }

  #runOf(rollout: string, line: number): { line: number; run: Backtest } {
    const known = this.#rollouts.get(rollout);
    if (known !== undefined) return known;
    const fresh = { line, run: new Backtest(this.#plan, rollout) };
    this.#rollouts.set(rollout, fresh);
    return fresh;
  }
}
