import { type Margins, tested } from './margins.ts';
import { plannedRequests } from './planning.ts';
import { type Course, firstReached, lnAverage, lnStage, type Prospect } from './prospect.ts';
import type { Ruler } from './ruler.ts';

/**
 * When a true difference is found. `tolerated`: it is within the margin that is tested, which never stops a rollout.
 * `seconds` is the median, `likely` the time within
 * which most are found: aimed at nine of ten, and 80 to 95 % where it was simulated. `unseen`: not within `after` seconds.
 */
export type Detection = { of: 'soft' | 'hard'; times: number; difference: number } & (
  | { kind: 'found'; seconds: number; likely: number | null; requests: number }
  | { kind: 'tolerated' }
  | { kind: 'unseen'; after: number }
);

/** When the canary, as good as the baseline, is shown to be worse by less than a margin. */
export interface Proof {
  margin: number;
  /** The stage asks for it. */
  asked: boolean;
  /** Median, the time within which most are proven, and the canary's requests until the median; null: not within reach. */
  seconds: number | null;
  likely: number | null;
  requests: number | null;
  /** The planning rule's requests, which knows of counting noise alone; null: it is a rule for rates. */
  rule: number | null;
}

/** When the improvement that the plan asks for can be shown. Times in seconds; null: not within reach. */
export interface Improvement {
  /** It must be better by at least this. */
  margin: number;
  /** The true improvement that the times are for: twice what is asked, or as much as there can be. */
  better: number;
  seconds: number | null;
  likely: number | null;
  requests: number | null;
  /** The smallest true improvement that half of the rollouts have shown when the stage asks a person; null: none. */
  smallest: number | null;
}

/** What one metric can show in one stage. Differences are rates, slowdowns, or shares of the value. */
export interface Outlook {
  unit: 'rate' | 'slowdown' | 'share';
  /** Requests (observations) of the canary in an hour. */
  canaryPerHour: number;
  soft: number | null;
  hard: number | null;
  detections: Detection[];
  /** Null: it has no margin to be proven to. */
  proof: Proof | null;
  /** Null: none is asked. */
  improvement: Improvement | null;
  /** The smallest true difference that half of the rollouts find within the bake time; null: none. */
  smallest: number | null;
}

/** Standard deviations below which one of ten sums stays. Noise that is skewed, or not yet known, makes it more. */
const ONE_IN_TEN = 1.2816;
/** Seconds beyond which nobody waits. */
const LONGEST = 60 * 86_400;
/** Of the smallest difference; more digits mean nothing. */
const PRECISION = 0.005;

export interface OutlookOf {
  prospect: Prospect;
  ruler: Ruler;
  /** Seconds between polls, and the stage's planned time. */
  poll: number;
  bake: number;
  /** After which a person is asked. */
  max: number;
  /** The metric's share of the evidence. */
  weight: number;
  falseRollback: number;
  falsePromote: number;
  unit: Outlook['unit'];
  /** What the stage asks to be proven: a margin, or the metric's own; null: nothing, and the hard one is shown. */
  proof: number | 'own' | null;
  /** For the planning rule: the rarer outcome's rate and canary requests per baseline request; null: no rate. */
  rates: { rate: number; ratio: number } | null;
}

export function outlookOf(of: OutlookOf): Outlook {
  const { prospect, poll } = of;
  const margin = tested(prospect.margins);
  const against = margin === null ? null : { ...of, margin };
  return {
    unit: of.unit,
    canaryPerHour: (prospect.canary * 3600) / poll,
    soft: prospect.margins.soft,
    hard: prospect.margins.hard,
    detections:
      against === null
        ? []
        : wantedDifferences(prospect.margins).map((wanted) => detectionOf(wanted, against)),
    proof: against === null ? null : proofOf(against),
    improvement: improvementOf(of),
    smallest: against === null ? null : smallestOf(against),
  };
}

/** `margin`: the one that is tested. */
type Against = OutlookOf & { margin: number };

type Wanted = Pick<Detection, 'of' | 'times' | 'difference'>;

function wantedDifferences({ soft, hard }: Margins): Wanted[] {
  return (['soft', 'hard'] as const).flatMap((of) => {
    const margin = of === 'soft' ? soft : hard;
    return margin === null
      ? []
      : [1, 2].map((times) => ({ of, times, difference: times * margin }) satisfies Wanted);
  });
}

function detectionOf(wanted: Wanted, of: Against): Detection {
  const { prospect, poll } = of;
  if (wanted.difference <= of.margin * (1 + 1e-9)) return { ...wanted, kind: 'tolerated' };
  const difference = Math.min(wanted.difference, prospect.largest);
  const polls = pollsUntilFound(difference, 0, of);
  if (polls === null) return { ...wanted, kind: 'unseen', after: LONGEST };
  const likely = pollsUntilFound(difference, ONE_IN_TEN, of);
  return {
    ...wanted,
    kind: 'found',
    seconds: polls * poll,
    likely: likely === null ? null : likely * poll,
    requests: Math.ceil(polls * prospect.canary),
  };
}

function pollsUntilFound(
  difference: number,
  below: number,
  of: Against,
  most = LONGEST / of.poll,
): number | null {
  const courses = of.prospect.against(difference, of.margin).map(remembered);
  const lnE = (polls: number) =>
    lnAverage(courses, (course) => lnStage((age) => course(age, below), of.ruler, polls));
  const enough = -Math.log(Math.max(of.falseRollback, 1e-12)) - Math.log(of.weight);
  return firstReached(lnE, { enough, most: Math.floor(most), from: Math.max(1, of.prospect.silent) });
}

/** A course asked again and again at the same ages, each time as many deviations below. */
function remembered(course: Course): Course {
  const known = new Map<number, number>();
  return (age, below) => {
    const before = known.get(age);
    if (before !== undefined) return before;
    const value = course(age, below);
    known.set(age, value);
    return value;
  };
}

function proofOf(of: Against): Proof {
  const { prospect, poll } = of;
  const margin = of.proof === 'own' ? of.margin : (of.proof ?? prospect.margins.hard ?? of.margin);
  const { polls, likely } = pollsUntilShown(prospect.proof(margin), of);
  return {
    margin,
    asked: of.proof !== null,
    seconds: polls === null ? null : polls * poll,
    likely: likely === null ? null : likely * poll,
    requests: polls === null ? null : Math.ceil(polls * prospect.canary),
    rule: of.rates === null ? null : plannedRequests({ ...of.rates, margin }),
  };
}

/** The mirrored test over the stage: polls until half of the rollouts, and until most, have shown it. */
function pollsUntilShown(
  courses: readonly Course[],
  of: OutlookOf,
  most = LONGEST / of.poll,
): { polls: number | null; likely: number | null } {
  const until = (below: number) =>
    firstReached((polls) => lnAverage(courses, (course) => course(polls, below)), {
      enough: -Math.log(Math.max(of.falsePromote, 1e-12)),
      most: Math.floor(most),
      from: Math.max(1, of.prospect.silent),
    });
  const polls = until(0);
  return { polls, likely: polls === null ? null : until(ONE_IN_TEN) };
}

function improvementOf(of: OutlookOf): Improvement | null {
  const { prospect, poll, max } = of;
  const margin = prospect.margins.improve;
  if (margin === null) return null;
  const shown = (better: number, most?: number) =>
    better > margin * (1 + 1e-9)
      ? pollsUntilShown(prospect.improvement(better, margin), of, most)
      : { polls: null, likely: null };
  const better = Math.min(2 * margin, prospect.best);
  const { polls, likely } = shown(better);
  const within = (wanted: number) => max >= poll && shown(wanted, max / poll).polls !== null;
  return {
    margin,
    better,
    seconds: polls === null ? null : polls * poll,
    likely: likely === null ? null : likely * poll,
    requests: polls === null ? null : Math.ceil(polls * prospect.canary),
    smallest: smallestBetween(margin, prospect.best, within),
  };
}

/** The smallest true difference that half of the rollouts find within the bake time. */
function smallestOf(of: Against): number | null {
  const { prospect, bake, poll } = of;
  const polls = Math.floor(bake / poll);
  if (polls < 1) return null;
  return smallestBetween(
    of.margin,
    prospect.largest,
    (difference) => pollsUntilFound(difference, 0, of, polls) !== null,
  );
}

/** By bisection between a margin, at which nothing is shown, and the largest difference that there is. */
function smallestBetween(
  margin: number,
  largest: number,
  shown: (difference: number) => boolean,
): number | null {
  if (largest <= margin || !shown(largest)) return null;
  let low = margin;
  let high = largest;
  // From the margin outwards: a slowdown has no natural end, and the answer is near.
  for (let near = Math.max(2 * low, high * 1e-9); near < high; near *= 2) {
    if (shown(near)) high = near;
    else low = near;
  }
  while (high - low > PRECISION * high) {
    const middle = (low + high) / 2;
    if (shown(middle)) high = middle;
    else low = middle;
  }
  return high;
}
