import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';

/** Requests expected of a canary that tell one share from another, and windows that are looked at for them at most. */
const ENOUGH = 40;
const MOST_WINDOWS = 40;
/** Expected requests of which at least one comes. */
const SURELY_SOME = 15;
/** A share this many times smaller than the first stage's is none of the plan's. */
const BELOW_ALL = 3;
/** Windows that must agree before a stage begins or ends. */
const AGREEING = 2;

/**
 * Which stage a recorded window was in, by the canary's share of the requests: nobody else knows it of a past that
 * another hand has ramped. The stage of the nearest percentage, once two windows agree; null: nobody has the canary.
 */
export class StageFinder {
  readonly #stages: { name: string; share: number }[];
  #windows: { canary: number; baseline: number }[] = [];
  #present: string | null = null;
  #next: { stage: string | null; windows: number } = { stage: null, windows: 0 };

  constructor(plan: Plan) {
    this.#stages = plan.stages.flatMap(({ name, percent }) =>
      percent === undefined || percent <= 0 ? [] : [{ name, share: percent / 100 }],
    );
  }

  /** The stage of the next window, in the order of time. */
  add({ canary, baseline }: Pick<Sample, 'canary' | 'baseline'>): string | null {
    this.#windows.push({ canary: canary.requests, baseline: baseline.requests });
    if (this.#windows.length > MOST_WINDOWS) this.#windows.shift();
    const stage = this.#nearest();
    this.#next = { stage, windows: stage === this.#next.stage ? this.#next.windows + 1 : 1 };
    if (stage !== this.#present && this.#next.windows >= AGREEING) this.#present = stage;
    return this.#isGone({ canary, baseline }) ? null : this.#present;
  }

  /** No canary request where chance cannot be why: it was taken away, whatever the windows before say. */
  #isGone({ canary, baseline }: Pick<Sample, 'canary' | 'baseline'>): boolean {
    const share = this.#stages.find(({ name }) => name === this.#present)?.share ?? 0;
    return canary.requests === 0 && baseline.requests * share >= SURELY_SOME;
  }

  #nearest(): string | null {
    const share = this.#share();
    const [first] = this.#stages.toSorted((a, b) => a.share - b.share);
    if (first === undefined || !(share > first.share / BELOW_ALL)) return null;
    const distance = (stage: { share: number }) => Math.abs(Math.log(stage.share / share));
    return this.#stages.toSorted((a, b) => distance(a) - distance(b))[0]?.name ?? null;
  }

  /** Over the latest windows that hold enough requests to see the smallest share. */
  #share(): number {
    const smallest = Math.min(...this.#stages.map(({ share }) => share));
    let [canary, all] = [0, 0];
    for (const window of this.#windows.toReversed()) {
      canary += window.canary;
      all += window.canary + window.baseline;
      if (all * smallest >= ENOUGH) break;
    }
    return all > 0 ? canary / all : 0;
  }
}
