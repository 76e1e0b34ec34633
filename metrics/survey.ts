import type { Plan } from '../plans/plan.ts';
import type { AlertRule, InstancesSeen, LabelValues, ServedSplit } from '../plans/preflight.ts';
import { withMatchers } from '../plans/promql.ts';
import { planSlices, sliceOf } from '../plans/slices.ts';
import type { Connection } from './connection.ts';
import { readInstances } from './instances.ts';
import { cohortQueries } from './plan-queries.ts';
import type { Ask } from './prometheus-api.ts';
import { checkQueries } from './prometheus-check.ts';
import { readAlertmanagers, readRules } from './rules.ts';
import type { QueryFinding } from './source.ts';
import { readTraffic, type TrafficRead, type TrafficRequest, trialSelectors, trialsIn } from './traffic.ts';

/** What is looked at before a rollout, in a bounded number of queries. All throw `PROMETHEUS_UNREACHABLE`. */
export interface Survey {
  /** Tries every query of the plan; a canary without series is told too. */
  check(plan: Plan, at: number): Promise<QueryFinding[]>;
  traffic(request: TrafficRequest): Promise<TrafficRead>;
  /** The labels of the plan's breakdowns, and the one that tells instances apart. */
  labels(plan: Plan, at: number): Promise<LabelValues[]>;
  /** How many instances each cohort runs on; of the canary those of the last `days`. Null where the plan counts nothing. */
  instances(plan: Plan, at: number, days: number): Promise<InstancesSeen | null>;
  /** Requests by cohort in the `seconds` until `at`; null where the plan counts none. */
  split(plan: Plan, at: number, seconds: number): Promise<ServedSplit | null>;
  /** Distinct users of both cohorts as they are counted at `at`, by the instance that knows most; null: not counted. */
  users(plan: Plan, at: number): Promise<number | null>;
  /** The same in each slice of the plan, where users are counted by its label; one that nobody counts is absent. */
  sliceUsers(plan: Plan, at: number): Promise<Record<string, number>>;
  /** Null: this source has no rules. */
  rules(): Promise<AlertRule[] | null>;
  /** Addresses of the Alertmanagers that it sends to; null: it lists none. */
  alertmanagers(): Promise<string[] | null>;
}

interface SurveyParts {
  connection: Connection;
  ask: Ask;
  /** Not shared with others. */
  askAlone: Ask;
  reachable: <T>(work: () => Promise<T>) => Promise<T>;
}

export function createSurvey({ connection, ask, askAlone, reachable }: SurveyParts): Survey {
  return {
    check: (plan, at) => reachable(() => checkQueries(ask, { plan, at, canary: true })),
    traffic: (request) => reachable(() => readTraffic(askAlone, request)),
    labels: (plan, at) => reachable(() => readLabels(ask, plan, at)),
    instances: (plan, at, days) => reachable(() => readInstances(ask, { plan, at, days })),
    split: (plan, at, seconds) => reachable(() => readSplit(ask, { plan, at, seconds })),
    users: (plan, at) => reachable(() => readUsers(ask, { plan, at, slice: null })),
    sliceUsers: (plan, at) => reachable(() => readSliceUsers(ask, plan, at)),
    rules: () => reachable(() => readRules(connection)),
    alertmanagers: () => reachable(() => readAlertmanagers(connection)),
  };
}

async function readLabels(ask: Ask, plan: Plan, at: number): Promise<LabelValues[]> {
  const number = async (text: string) => (await ask(text, at)).series[0]?.values.at(-1) ?? 0;
  const asked = trialSelectors(plan).flatMap(({ query, selector, native }) => {
    const metric = plan.metrics.find(({ name }) => name === query.metric);
    // Of cohorts told apart by matchers the baseline's series are looked at: before a start there are no others.
    if (metric === undefined || query.cohort === 'canary') return [];
    return [...new Set([...metric.breakdown, plan.source.replicas])].map((label) => ({
      metric: metric.name,
      label,
      selectors: native === null ? [selector] : [selector, native],
    }));
  });
  return Promise.all(
    asked.map(async ({ metric, label, selectors }) => {
      const either = (text: (selector: string) => string) => number(selectors.map(text).join(' or '));
      const having = (selector: string) => withMatchers(selector, [{ label, op: '!=', value: '' }]);
      const [values, series, labelled] = await Promise.all([
        either((selector) => `count(count by (${label}) (${having(selector)}))`),
        either((selector) => `count(${selector})`),
        either((selector) => `count(${having(selector)})`),
      ]);
      return { metric, label, values, series, labelled };
    }),
  );
}

async function readSplit(
  ask: Ask,
  { plan, at, seconds }: { plan: Plan; at: number; seconds: number },
): Promise<ServedSplit | null> {
  const all = trialSelectors(plan);
  // Requests are what samples count as requests: the first ratio's, else the first histogram's, else the first mean's.
  const [first] = (['total', 'buckets', 'count'] as const).flatMap((role) =>
    all.filter(({ query }) => query.role === role).slice(0, 1),
  );
  if (first === undefined) return null;
  const split: ServedSplit = { seconds, baseline: 0, canary: 0 };
  const mine = all.filter(({ query }) => query.metric === first.query.metric);
  for (const trials of mine) {
    const { cohort } = trials.query;
    const by = typeof cohort === 'string' ? '' : `by (${cohort.label}) `;
    const text = trialsIn(trials, { range: `${Math.round(seconds)}s`, by });
    const { series } = await ask(text, at);
    for (const { labels, values } of series) {
      const name =
        typeof cohort === 'string' ? cohort : labels[cohort.label] === cohort.canary ? 'canary' : 'baseline';
      split[name] += values.at(-1) ?? 0;
    }
  }
  return split;
}

/** Instances see overlapping sets of users, so the largest counts, as for a gate. */
async function readUsers(
  ask: Ask,
  { plan, at, slice }: { plan: Plan; at: number; slice: string | null },
): Promise<number | null> {
  const selectors = cohortQueries(plan).queries.filter(({ role }) => role === 'users');
  if (selectors.length === 0) return null;
  const within = (selector: string) => {
    if (slice === null) return selector;
    const { label, value } = sliceOf(slice);
    return withMatchers(selector, [{ label, op: '=', value }]);
  };
  const all = selectors.map(({ selector }) => within(selector)).join(' or ');
  const { series } = await ask(`max(sum by (${plan.source.replicas}) (${all}))`, at);
  const value = series[0]?.values.at(-1);
  return value === undefined || !Number.isFinite(value) ? null : value;
}

async function readSliceUsers(ask: Ask, plan: Plan, at: number): Promise<Record<string, number>> {
  const found = await Promise.all(
    planSlices(plan).map(async (slice) => [slice, await readUsers(ask, { plan, at, slice })] as const),
  );
  return Object.fromEntries(found.flatMap(([slice, users]) => (users === null ? [] : [[slice, users]])));
}
