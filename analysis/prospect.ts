import type { Dispersion } from './dispersion.ts';
import { lnEvidence, logSumExp, type PollCounts, score } from './kernel.ts';
import type { Margins } from './margins.ts';
import type { Ruler } from './ruler.ts';
import { markLife, markShare } from './ruler.ts';

/**
 * ln of the evidence of one component after `age` polls that all bring what is expected of them, or as much less as
 * `below` standard deviations of their sum (0: the median).
 */
export type Course = (age: number, below: number) => number;

/** How a metric's evidence is expected to grow in one stage, for polls that are all alike. */
export interface Prospect {
  /** Requests (observations) of the canary in one poll. */
  canary: number;
  /** Those of the plan in one unit: a rate, a slowdown or a share of the value. Null: there is none in this stage. */
  margins: Margins;
  /** The largest difference that there can be, and the largest improvement. */
  largest: number;
  best: number;
  /** Polls before which nothing is said. */
  silent: number;
  /** For a canary that is worse by `difference`, tested at a margin: a course for each series under test. */
  against(difference: number, margin: number): Course[];
  /** The mirrored test of a canary that is as good as the baseline, to a margin. */
  proof(margin: number): Course[];
  /** The mirrored test of a canary that is better by `better`: that it is so by at least `asked`. */
  improvement(better: number, asked: number): Course[];
}

/**
 * The course of counts that are expected in every poll. What is expected is the score at the margin; what it varies by is
 * counting, by the true difference, and what equal cohorts differ by at that age.
 */
export function countCourse(of: {
  counts: PollCounts;
  margin: number;
  /** The true difference in the same counts. */
  difference: number;
  c: number;
  dispersion: Dispersion;
  mirrored?: boolean;
}): Course {
  const { counts, margin, difference, c, dispersion, mirrored = false } = of;
  const { y, V, Q } = score(counts, margin);
  // A canary that is worse also scatters more than the margin allows for.
  const truth = score(counts, difference);
  const gain = mirrored ? -y : y;
  return (age, below) => {
    const G = dispersion(age);
    const lost = below === 0 ? 0 : below * Math.sqrt(age * (truth.V + G * truth.Q));
    return lnEvidence([{ S: age * gain - lost, V: age * V, Q: age * Q, c }], G);
  };
}

/**
 * ln of a stage's evidence after `polls` polls that are all alike, as the process has it: all marks of one length that
 * have come to their end hold the same value, so it costs the same in a week as in an hour. Marks beyond the planned
 * time are left out; all of them together weigh a tenth of the others.
 */
export function lnStage(course: (age: number) => number, ruler: Ruler, polls: number): number {
  const { share, start } = ruler.stakes[ruler.rule];
  let started = start * share;
  const values = [Math.log(started) + course(polls)];
  for (let step = 1; step <= ruler.marks; step *= 2) {
    const weight = (1 - start) * share * markShare(ruler, step);
    const life = Math.floor(markLife(ruler, step));
    let over = 0;
    // Marks of this length: step, 3*step, 5*step ...
    const reached = Math.min(ruler.marks, Math.floor((polls - 1) / ruler.unit + 1e-9));
    const last = reached < step ? -1 : Math.floor((reached - step) / (2 * step));
    for (let k = last; k >= 0; k--) {
      const age = polls - Math.ceil(step * (1 + 2 * k) * ruler.unit - 1e-9);
      if (age >= life) {
        over = k + 1;
        break;
      }
      values.push(Math.log(weight) + course(age));
    }
    if (over > 0) values.push(Math.log(over * weight) + course(life));
    started += (last + 1) * weight;
  }
  if (started < 1) values.push(Math.log(1 - started));
  return logSumExp(values);
}

/** The average over the series under test. */
export function lnAverage(courses: readonly Course[], of: (course: Course) => number): number {
  return logSumExp(courses.map(of)) - Math.log(courses.length);
}

/** Growth between two looks at a search, and the polls after which it is given up. */
const STRIDE = 1.2;

/** The first poll at which `lnE` reaches `enough`, up to `most`; null: it does not. */
export function firstReached(
  lnE: (polls: number) => number,
  { enough, most, from = 1 }: { enough: number; most: number; from?: number },
): number | null {
  let before = from - 1;
  for (let now = from; ; now = Math.min(most, Math.max(now + 1, Math.ceil(now * STRIDE)))) {
    if (now > most) return null;
    if (lnE(now) >= enough) return between(lnE, enough, [before, now]);
    if (now === most) return null;
    before = now;
  }
}

function between(lnE: (polls: number) => number, enough: number, at: [number, number]): number {
  let [low, high] = at;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (lnE(middle) >= enough) high = middle;
    else low = middle;
  }
  return high;
}
