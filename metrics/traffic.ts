import type { Plan } from '../plans/plan.ts';
import type { HourlyRequests } from '../plans/preflight.ts';
import { withMatchers } from '../plans/promql.ts';
import { type CohortQuery, cohortQueries } from './plan-queries.ts';
import { type Ask, QueryRefused } from './prometheus-api.ts';

export interface TrafficRequest {
  plan: Plan;
  /** Unix seconds. */
  until: number;
  days: number;
  /** Told after each day that was read. */
  told?: () => void;
}

export interface TrafficRead {
  traffic: HourlyRequests[];
  /** Why there is not more. */
  note?: string;
}

const HOUR = 3600;
const DAY = 86_400;

/** What a metric counts among. Of a histogram: one series of classic buckets, or the native one where there are none. */
export interface Trials {
  query: CohortQuery;
  selector: string;
  native: string | null;
}

export function trialSelectors(plan: Plan): Trials[] {
  const { queries } = cohortQueries(plan);
  return queries.flatMap((query): Trials[] => {
    const { role, selector, metric, cohort } = query;
    if (role === 'total' || role === 'count') return [{ query, selector, native: null }];
    if (role !== 'buckets') return [];
    const native = queries.find(
      (one) => one.role === 'native' && one.metric === metric && one.cohort === cohort,
    );
    const all = withMatchers(selector, [{ label: 'le', op: '=', value: '+Inf' }]);
    return [{ query, selector: all, native: native?.selector ?? null }];
  });
}

/** By how much the trials grew in a range, added up: `by` is empty or a `by (...)`. */
export function trialsIn({ selector, native }: Trials, { range, by }: { range: string; by: string }): string {
  const classic = `sum ${by}(increase(${selector}[${range}]))`;
  return native === null
    ? classic
    : `(${classic} or sum ${by}(histogram_count(increase(${native}[${range}]))))`;
}

/**
 * Requests hour by hour over days, for planning: a day at a time, one query for each counter that the plan counts
 * among, each of 24 values. By `increase()`: what it extrapolates is nothing beside an hour. An hour in which nothing
 * was scraped is absent, one without requests is 0. Throws `SourceDown`; a query that is refused ends the reading.
 */
export async function readTraffic(ask: Ask, request: TrafficRequest): Promise<TrafficRead> {
  const { plan, days, told } = request;
  const end = Math.floor(request.until / HOUR) * HOUR;
  const selectors = trialSelectors(plan);
  const found = new Map<string, Map<number, Map<string, number>>>();
  let note: string | undefined;
  for (let day = 0; day < days && note === undefined; day++) {
    const at = end - day * DAY;
    try {
      await Promise.all(
        selectors.map(async (trials) => {
          const { query, selector } = trials;
          const hours = await hoursOf(ask, trials, at);
          const known = found.get(query.metric) ?? new Map<number, Map<string, number>>();
          found.set(query.metric, known);
          // Cohorts told apart by matchers have a query each.
          for (const [time, requests] of hours)
            known.set(time, (known.get(time) ?? new Map<string, number>()).set(selector, requests));
        }),
      );
    } catch (error) {
      if (!(error instanceof QueryRefused)) throw error;
      note = `the daily pattern before ${day} days ago could not be read: ${error.message}`;
    }
    told?.();
  }
  const traffic = [...found].map(([metric, hours]) => ({
    metric,
    hours: [...hours]
      .toSorted(([a], [b]) => a - b)
      .map(([at, parts]) => ({ at, requests: [...parts.values()].reduce((sum, part) => sum + part, 0) })),
  }));
  return note === undefined ? { traffic } : { traffic, note };
}

/** Requests by the hour's end, Unix seconds, over the day until `at`. */
async function hoursOf(ask: Ask, trials: Trials, at: number): Promise<[number, number][]> {
  const { series } = await ask(`${trialsIn(trials, { range: '1h', by: '' })}[1d:1h]`, at);
  return series.flatMap(({ times, values }) =>
    times.flatMap((time, i): [number, number][] => {
      const value = values[i];
      return value === undefined || !Number.isFinite(value) || time <= (at - DAY) * 1000
        ? []
        : [[time / 1000, value]];
    }),
  );
}
