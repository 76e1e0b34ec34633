import { shiftOf } from './mann-whitney.ts';
import type { Poll } from './traffic.ts';
import { STEP } from './traffic.ts';

/** True when the rule rolls back at this poll. */
export type Watch = (poll: Poll) => boolean;

/** A rule as it is used in the field, each at its usual setting. */
export interface Rival {
  name: string;
  watch(): Watch;
}

const MINUTE = 60 / STEP;
const LIMIT = 0.01;
/** Kayenta asks for at least 50 values: 20 minutes of 15 s, judged once they are over and again every 20 minutes. */
const WINDOW = 80;
const TOLERANCE = 0.25;
/** One-sided 1 %. */
const CRITICAL = 2.3263;

export const RIVALS: readonly Rival[] = [
  { name: 'canary > 1 %, 3 minutes in a row', watch: threeMinutes },
  { name: '1-minute success < 99 %, 5 failed checks', watch: failedChecks },
  { name: '5-min difference > 0.5 pp', watch: difference },
  { name: 'Mann-Whitney, 98 %, tolerance 0.25', watch: mannWhitney },
  { name: 'pooled z-test at every poll', watch: pooledTest },
];

/** The last `size` polls, the newest last. */
function recent(size: number): (poll: Poll) => readonly Poll[] {
  const kept: Poll[] = [];
  return (poll) => {
    kept.push(poll);
    if (kept.length > size) kept.shift();
    return kept;
  };
}

function rate(polls: readonly Poll[], cohort: 'baseline' | 'canary'): number {
  let [events, total] = [0, 0];
  for (const poll of polls) {
    events += poll[cohort].events;
    total += poll[cohort].total;
  }
  return total > 0 ? events / total : 0;
}

/** An alert on the canary's rate over a minute that was above its limit now, a minute ago and two minutes ago. */
function threeMinutes(): Watch {
  const last = recent(3 * MINUTE);
  return (poll) => {
    const polls = last(poll);
    if (polls.length < 3 * MINUTE) return false;
    return [0, 1, 2].every((k) => rate(polls.slice(k * MINUTE, (k + 1) * MINUTE), 'canary') > LIMIT);
  };
}

/** A check each minute; failed ones add up over the rollout. */
function failedChecks(): Watch {
  const last = recent(MINUTE);
  let [seen, failed] = [0, 0];
  return (poll) => {
    const polls = last(poll);
    if (++seen % MINUTE !== 0) return false;
    if (rate(polls, 'canary') > LIMIT) failed++;
    return failed >= 5;
  };
}

/** Rates of the last five minutes, compared at every poll. */
function difference(): Watch {
  const last = recent(5 * MINUTE);
  return (poll) => {
    const polls = last(poll);
    return polls.length === 5 * MINUTE && rate(polls, 'canary') - rate(polls, 'baseline') > 0.005;
  };
}

/** The canary is high where the lower end of the interval is above a quarter of the estimated shift. A stage is an analysis of its own. */
function mannWhitney(): Watch {
  let stage = -1;
  let canary: number[] = [];
  let baseline: number[] = [];
  return (poll) => {
    if (poll.stage !== stage || canary.length === WINDOW) [stage, canary, baseline] = [poll.stage, [], []];
    if (poll.canary.total > 0) canary.push(poll.canary.events / poll.canary.total);
    if (poll.baseline.total > 0) baseline.push(poll.baseline.events / poll.baseline.total);
    if (canary.length < WINDOW) return false;
    const { estimate, lower } = shiftOf(canary, baseline);
    return lower > TOLERANCE * Math.abs(estimate);
  };
}

/** Two proportions over the whole rollout so far. */
function pooledTest(): Watch {
  let [xc, nc, xb, nb] = [0, 0, 0, 0];
  return ({ canary, baseline }) => {
    xc += canary.events;
    nc += canary.total;
    xb += baseline.events;
    nb += baseline.total;
    const pooled = (xc + xb) / (nc + nb);
    const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / nc + 1 / nb));
    return deviation > 0 && (xc / nc - xb / nb) / deviation > CRITICAL;
  };
}
