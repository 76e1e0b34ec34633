import type { Plan } from '../plans/plan.ts';
import { coverageOf, coverageRequests, planSlices, sliceMetrics } from '../plans/slices.ts';
import { assumedDispersion, largestDispersion } from './dispersion.ts';
import { type MetricOutlook, metricOutlook } from './metric-outlook.ts';
import type { MetricProfile, Profile } from './profile.ts';
import type { StageFrame } from './stage.ts';
import type { Traffic } from './traffic.ts';
import { sharesOf } from './weights.ts';

/** What one stage can show of a part of the traffic. Times in seconds. */
export interface SliceOutlook {
  slice: string;
  /** Requests of the canary in an hour, by the metric that counts most of them; null: not known. */
  perHour: number | null;
  quietestPerHour: number | null;
  /** What must be seen before the next stage opens; null: nothing of it. `seconds`, `expected`: null where not known. */
  minRequests: { need: number; seconds: number | null } | null;
  minUsers: { need: number; expected: number | null } | null;
  metrics: MetricOutlook[];
}

export interface SliceExpected {
  plan: Plan;
  profile: Profile;
  traffic: Readonly<Record<string, Traffic>>;
  /** Distinct users of both cohorts by slice, as they are counted now; a slice whose users are not counted is absent. */
  sliceUsers: Readonly<Record<string, number>>;
}

/** The slices that are tested in a stage, and those that it must have seen. `share`: null where it is not known. */
export function planSlicesOf(
  expected: SliceExpected,
  at: { frame: StageFrame; share: number | null },
): SliceOutlook[] {
  const { plan, profile } = expected;
  const wanted = coverageOf(plan, at.frame.index);
  const asked = new Set(wanted.map(({ slice }) => slice));
  return planSlices(plan)
    .filter((slice) => at.frame.compared || asked.has(slice))
    .map((slice) => {
      const traffic = sliceTraffic(expected, slice);
      const all = Object.values(traffic).toSorted((a, b) => b.perHour - a.perHour)[0];
      // What the last day did not show of it is not known to be nothing.
      const known = profile.slices[slice] !== undefined && at.share !== null && all !== undefined;
      const perHour = known ? all.perHour * (at.share ?? 0) : null;
      const quietest = known && all.quietest !== null ? all.quietest.perHour * (at.share ?? 0) : null;
      return {
        slice,
        perHour,
        quietestPerHour: quietest,
        ...minimumsOf(expected, { slice, stage: at.frame.index, share: at.share, perHour }),
        metrics: at.frame.compared ? metricsOf(expected, { slice, frame: at.frame, traffic }) : [],
      };
    });
}

/** As a gate asks, see `holding.ts`: users where they are counted, else requests; both where both are given. */
function minimumsOf(
  { plan, sliceUsers }: SliceExpected,
  at: { slice: string; stage: number; share: number | null; perHour: number | null },
): Pick<SliceOutlook, 'minRequests' | 'minUsers'> {
  const mine = coverageOf(plan, at.stage).filter(({ slice }) => slice === at.slice);
  const users = sliceUsers[at.slice];
  const byUsers = mine.filter(({ minUsers }) => minUsers !== undefined && users !== undefined);
  const byRequests = mine.filter((one) => one.minRequests !== undefined || !byUsers.includes(one));
  const need = Math.max(0, ...byRequests.map(coverageRequests));
  return {
    minRequests:
      byRequests.length === 0
        ? null
        : { need, seconds: at.perHour !== null && at.perHour > 0 ? (need / at.perHour) * 3600 : null },
    minUsers:
      byUsers.length === 0
        ? null
        : {
            need: Math.max(...byUsers.map(({ minUsers }) => minUsers ?? 0)),
            expected: users === undefined || at.share === null ? null : Math.floor(users * at.share),
          },
  };
}

/** The requests of each metric in a slice: the whole's pattern over the days, times the slice's share of the last one. */
function sliceTraffic({ plan, profile, traffic }: SliceExpected, slice: string): Record<string, Traffic> {
  const found: Record<string, Traffic> = {};
  for (const { name } of sliceMetrics(plan, slice)) {
    const [all, own] = [profile.metrics[name], profile.slices[slice]?.metrics[name]];
    const whole = traffic[name];
    if (whole === undefined || all === undefined || own === undefined) continue;
    const part = trialsOf(own) / trialsOf(all);
    const { quietest } = whole;
    found[name] = {
      perHour: whole.perHour * part,
      quietest: quietest === null ? null : { ...quietest, perHour: quietest.perHour * part },
      hours: whole.hours,
    };
  }
  return found;
}

function trialsOf({ trials }: MetricProfile): number {
  return trials;
}

function metricsOf(
  { plan, profile }: SliceExpected,
  at: { slice: string; frame: StageFrame; traffic: Readonly<Record<string, Traffic>> },
): MetricOutlook[] {
  const { slice, frame, traffic } = at;
  const own = profile.slices[slice];
  const weights = new Map(
    sharesOf(plan).flatMap((one) => (one.slice === slice ? [[one.metric, one.weight] as const] : [])),
  );
  const assumed = assumedDispersion(plan.analysis.noise);
  return sliceMetrics(plan, slice).map((metric): MetricOutlook => {
    if (own?.metrics[metric.name] === undefined)
      return { kind: 'not-planned', metric: metric.name, why: 'no series of the last day had the slice' };
    // As a gate has it: a part scatters no less than the whole, and no less than the plan assumes.
    const whole = largestDispersion([profile.learnt.dispersion[metric.name]], plan.analysis.noise);
    return metricOutlook(metric, {
      plan,
      frame,
      profile: own,
      fallback: (n) => Math.max(whole(n), assumed(n)),
      weight: weights.get(metric.name) ?? 0,
      traffic: traffic[metric.name],
    });
  });
}
