import type { Assessment } from '../plans/assessment.ts';
import type { Exclusion } from '../plans/exclusion.ts';
import type { Plan } from '../plans/plan.ts';
import { parityLimit } from '../plans/shadow.ts';
import type { BacktestExclusion, BacktestLoss, BacktestOutcome } from './backtest-outcome.ts';

type Noted = Pick<BacktestOutcome, 'held' | 'heldBy' | 'noData' | 'excluded' | 'unjudged'>;

/** What a backtest has to say beside how a rollout ended. */
export class BacktestNotes {
  readonly #plan: Plan;
  readonly #held = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #lost: BacktestLoss[] = [];
  readonly #excluded: BacktestExclusion[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** The trace has a poll of the stage. */
  saw(stage: string): void {
    this.#seen.add(stage);
  }

  /** The trace left the stage although its gate had not passed; what is known of one visit is not told again of the next. */
  held({ stage, reason }: Assessment): void {
    if (!this.#held.has(stage)) this.#held.set(stage, reason);
  }

  /** The rollout is paused, as nothing is known. */
  lost({ stage, t, reason }: Assessment): void {
    const open = this.#lost.at(-1);
    if (open?.stage === stage && open.until === null) open.reason = reason;
    else this.#lost.push({ stage, t, until: null, reason });
  }

  /** Data are back. */
  found({ stage, t }: Assessment): void {
    const open = this.#lost.at(-1);
    if (open?.stage === stage && open.until === null) open.until = t;
  }

  excluded(exclusions: readonly Exclusion[], { stage, t }: Assessment): void {
    for (const { name: who, metric = null, reason } of exclusions)
      this.#excluded.push({ who, stage, t, metric, reason });
  }

  get noted(): Noted {
    const unjudged = unjudgedOf(this.#plan);
    return {
      held: [...this.#held.keys()],
      heldBy: Object.fromEntries(this.#held),
      ...(this.#lost.length === 0 ? {} : { noData: this.#lost }),
      ...(this.#excluded.length === 0 ? {} : { excluded: this.#excluded }),
      ...(unjudged.length === 0 ? {} : { unjudged }),
    };
  }

  /** Stages that the trace has nothing of. A decommission is no part of what a trace records. */
  get unseen(): string[] {
    const served = this.#plan.stages.filter(({ decommission }) => decommission === undefined);
    return served.map(({ name }) => name).filter((name) => !this.#seen.has(name));
  }
}

/** What the plan would stop by and a trace has no values of: expressions, and whether both paths answer the same. */
function unjudgedOf(plan: Plan): string[] {
  return [
    ...plan.limits.filter(({ expr }) => expr !== undefined).map(({ name }) => name),
    ...plan.stages
      .filter((stage) => parityLimit(plan, stage) !== null)
      .map(({ name }) => `parity of ${name}`),
  ];
}
