import type { Plan } from '../plans/plan.ts';
import type { InstancesSeen } from '../plans/preflight.ts';
import { type Matcher, withMatchers } from '../plans/promql.ts';
import type { Cohort } from './plan-queries.ts';
import type { Ask } from './prometheus-api.ts';
import { type Trials, trialSelectors } from './traffic.ts';

/** The number of the canary's instances is looked at so often: a rollout lasts longer. */
const EVERY = '15m';

/**
 * In how many instances each cohort was counted, by the trials of the first metric that has any: the baseline now, the canary the most
 * at once within the last days. Null: no metric counts anything.
 */
export async function readInstances(
  ask: Ask,
  { plan, at, days }: { plan: Plan; at: number; days: number },
): Promise<InstancesSeen | null> {
  const trials = trialSelectors(plan);
  const [first] = trials;
  if (first === undefined) return null;
  const mine = trials.filter(({ query }) => query.metric === first.query.metric);
  const of = (cohort: Cohort, more: readonly Matcher[]) =>
    mine
      .flatMap((one) => selectorsOf(one, cohort).map((selector) => withMatchers(selector, more)))
      .join(' or ');
  const number = async (text: string) => (await ask(text, at)).series[0]?.values.at(-1) ?? 0;
  const { replicas } = plan.source;
  const named: Matcher = { label: replicas, op: '!=', value: '' };
  const count = (cohort: Cohort) => `count(count by (${replicas}) (${of(cohort, [named])}))`;
  const [baseline, canary, unnamed] = await Promise.all([
    number(count('baseline')),
    number(`max_over_time(${count('canary')}[${days}d:${EVERY}])`),
    number(`count(${of('baseline', [{ ...named, op: '=' }])})`),
  ]);
  return { days, baseline, canary, unnamed };
}

/** The series of one cohort, classic and native; none: they are not of this one. */
function selectorsOf({ query, selector, native }: Trials, cohort: Cohort): string[] {
  const both = native === null ? [selector] : [selector, native];
  if (typeof query.cohort === 'string') return query.cohort === cohort ? both : [];
  const { label, canary } = query.cohort;
  const op = cohort === 'canary' ? '=' : '!=';
  return both.map((one) => withMatchers(one, [{ label, op, value: canary }]));
}
