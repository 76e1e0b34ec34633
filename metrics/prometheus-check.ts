import type { Plan } from '../plans/plan.ts';
import { planSlices, sliceMetrics, sliceOf } from '../plans/slices.ts';
import { type CohortQuery, cohortQueries, expressionQueries } from './plan-queries.ts';
import { type Ask, type QueryAnswer, QueryRefused } from './prometheus-api.ts';
import { cohortSeries } from './series.ts';
import type { QueryFinding } from './source.ts';
import { LOOKBACK_STEPS, typicalInterval } from './targets.ts';

/** Targets scraped this much less often than the plan polls are found; late scrapes are not. */
const SLOW = 1.1;

/** Polls looked back at, so that even a slow scrape was seen. */
const CHECKED_STEPS = 10;

/** What is looked for; with `canary` also which queries find no series of it, which is normal before a start. */
interface Check {
  plan: Plan;
  at: number;
  canary?: boolean;
}

/** Every query tried once, and the baseline's series looked for. @throws SourceDown */
export async function checkQueries(ask: Ask, { plan, at, canary = false }: Check): Promise<QueryFinding[]> {
  const { queries, broken } = cohortQueries(plan);
  const findings: QueryFinding[] = broken.map((selector) => ({ ...selector, kind: 'refused' }));
  const steps = Math.max(CHECKED_STEPS, LOOKBACK_STEPS);
  const range = Math.round(plan.source.poll * 1000 * steps);
  const asked = Promise.all(
    queries.map(async (query): Promise<Looked> => {
      const text = `${query.selector}[${range}ms]`;
      const answer = await tried(ask, { metric: query.metric, text, at });
      if ('kind' in answer) return { query, findings: [answer] };
      const look: Look = { plan, query, at, range };
      const ofCanary = canary ? canaryFindings(look, answer) : [];
      return { query, findings: [...baselineFindings(look, answer), ...ofCanary] };
    }),
  );
  const found = await Promise.all([
    asked.then(eitherHistogram),
    ...expressionQueries(plan).map(async ({ owner, expr }) => {
      const answer = await tried(ask, { metric: owner, text: expr, at });
      return 'kind' in answer ? [answer] : [];
    }),
  ]);
  return [...findings, ...found.flat()];
}

/** A query and what was found of it. */
interface Looked {
  query: CohortQuery;
  findings: QueryFinding[];
}

/** A latency needs series of classic buckets or of a native histogram, not of both. What it is then read from is told. */
function eitherHistogram(looked: readonly Looked[]): QueryFinding[] {
  const lacks = (kind: QueryFinding['kind'], of: Looked | undefined) =>
    of === undefined || of.findings.some((finding) => finding.kind === kind);
  return looked.flatMap((one) => {
    const { metric, role, cohort, selector } = one.query;
    if (role !== 'buckets' && role !== 'native') return one.findings;
    const other = looked.find(
      ({ query }) =>
        query.metric === metric &&
        query.cohort === cohort &&
        query.role === (role === 'native' ? 'buckets' : 'native'),
    );
    const findings = one.findings.filter(({ kind }) => {
      if (kind !== 'no-baseline' && kind !== 'no-canary') return true;
      // Where both are missing it is said once, of the name that most have.
      return role === 'buckets' && lacks(kind, other);
    });
    const absent = lacks('no-baseline', other);
    const unused = lacks('no-baseline', one) || lacks('refused', one) || (role === 'buckets' && !absent);
    if (cohort === 'canary' || unused) return findings;
    const detail =
      role === 'buckets'
        ? 'is read from classic buckets'
        : `is read from a native histogram${absent ? '' : ', where all processes expose one; from its classic buckets otherwise'}`;
    return [...findings, { metric, query: selector, kind: 'uses', detail }];
  });
}

async function tried(
  ask: Ask,
  { metric, text, at }: { metric: string; text: string; at: number },
): Promise<QueryAnswer | QueryFinding> {
  try {
    return await ask(text, at);
  } catch (error) {
    if (error instanceof QueryRefused) return { metric, query: text, kind: 'refused', detail: error.message };
    throw error;
  }
}

interface Look {
  plan: Plan;
  query: CohortQuery;
  at: number;
  range: number;
}

/** Without events there are no series of them, which is what a healthy service looks like. */
function mayBeAbsent({ role }: CohortQuery): boolean {
  return role === 'events' || role === 'sum' || role === 'users';
}

function canaryFindings({ plan, query, at, range }: Look, answer: QueryAnswer): QueryFinding[] {
  if (mayBeAbsent(query) || query.cohort === 'baseline') return [];
  const until = Math.round(at * 1000);
  const series = cohortSeries({ plan, query, after: until - range, until }, answer);
  if (series.some(({ cohort, times }) => cohort === 'canary' && times.length > 0)) return [];
  const detail = `no series of the canary cohort in the last ${range / 1000} s`;
  return [{ metric: query.metric, query: query.selector, kind: 'no-canary', detail }];
}

function baselineFindings({ plan, query, at, range }: Look, answer: QueryAnswer): QueryFinding[] {
  if (mayBeAbsent(query)) return [];
  const asked = plan.metrics.find(({ name }) => name === query.metric);
  if (asked?.kind === 'gauge' && asked.compare === 'canary') return [];
  if (query.cohort === 'canary') return [];
  const until = Math.round(at * 1000);
  const series = cohortSeries({ plan, query, after: until - range, until }, answer);
  const baseline = series.filter(({ cohort, times }) => cohort === 'baseline' && times.length > 0);
  const { metric, selector } = query;
  if (baseline.length === 0) {
    const detail = `no series of the baseline cohort in the last ${range / 1000} s`;
    return [{ metric, query: selector, kind: 'no-baseline', detail }];
  }
  const lacking = planSlices(plan).filter((text) => {
    const { label, value } = sliceOf(text);
    const asked = sliceMetrics(plan, text).some(({ name }) => name === metric);
    return asked && baseline.every(({ labels }) => labels[label] !== value);
  });
  if (lacking.length > 0) {
    const detail = `no series of the baseline cohort with ${lacking.join(', ')} in the last ${range / 1000} s`;
    return [{ metric, query: selector, kind: 'no-baseline', detail }];
  }
  const interval = typicalInterval(baseline);
  if (interval === undefined || interval <= SLOW * plan.source.poll * 1000) return [];
  const detail = `the series have a sample every ${interval / 1000} s, the plan polls every ${plan.source.poll} s`;
  return [{ metric, query: selector, kind: 'slow-scrape', detail }];
}
