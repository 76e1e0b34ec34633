import type { Path } from '../document.ts';
import {
  checkExpression,
  checkMatchers,
  checkSelector,
  type PromqlProblem,
  selectorParts,
  withName,
} from '../promql.ts';
import type { Review } from './context.ts';

/** Every PromQL text of the plan, with the place inside the text. */
export function reviewQueries({ plan, error, sound }: Review): void {
  const { cohorts, users } = plan.source;

  function say(path: Path, problem: PromqlProblem | null): boolean {
    if (problem === null) return true;
    const { message, instead, at } = problem;
    error(path, { rule: 'PLAN-PROMQL', message, instead, inside: at });
    return false;
  }
  function selector(path: Path, text: string | undefined): void {
    if (text === undefined || !sound(path) || !say(path, checkSelector(text))) return;
    if (!('label' in cohorts) || !sound(['source', 'cohorts'])) return;
    const own = selectorParts(text).matchers.find(({ label, op, value }) => {
      return (
        label === cohorts.label && op === '=' && (value === cohorts.baseline || value === cohorts.canary)
      );
    });
    if (own === undefined) return;
    const message = `the selector picks the cohort ${own.label}="${own.value}" by itself`;
    error(path, {
      rule: 'PLAN-COHORT',
      message,
      instead: `the selector without ${own.label}: each cohort is added to it`,
    });
  }
  const expression = (path: Path, text: string | undefined) => {
    if (text !== undefined && sound(path)) say(path, checkExpression(text));
  };

  plan.metrics.forEach((metric, index) => {
    const path = ['metrics', index];
    if (metric.kind === 'ratio') {
      for (const name of ['bad', 'good', 'total'] as const) selector([...path, name], metric[name]);
      return;
    }
    if (metric.kind === 'mean') {
      for (const name of ['sum', 'count'] as const) selector([...path, name], metric[name]);
      return;
    }
    if (metric.kind === 'gauge') {
      selector([...path, 'gauge'], metric.gauge);
      return;
    }
    selector([...path, 'histogram'], metric.histogram);
    if (!sound([...path, 'histogram']) || checkSelector(metric.histogram) !== null) return;
    const { name, matchers } = selectorParts(metric.histogram);
    if (/_(?:bucket|sum|count)$/.test(name)) {
      const message = 'this is a part of the histogram';
      const instead = withName(metric.histogram, (part) => part.replace(/_(?:bucket|sum|count)$/, ''));
      error([...path, 'histogram'], { rule: 'PLAN-PROMQL', message, instead });
    }
    if (matchers.some(({ label }) => label === 'le')) {
      const message = 'the buckets are chosen by the analysis';
      error([...path, 'histogram'], { rule: 'PLAN-PROMQL', message, instead: 'the selector without `le`' });
    }
  });
  selector(['source', 'users'], users);
  plan.limits.forEach(({ expr }, index) => expression(['limits', index, 'expr'], expr));
  plan.stages.forEach(({ decommission }, index) => {
    expression(['stages', index, 'decommission', 'unused'], decommission?.unused);
  });

  if (!('label' in cohorts)) {
    for (const name of ['baseline', 'canary'] as const) {
      const path = ['source', 'cohorts', name];
      if (sound(path)) say(path, checkMatchers(cohorts[name]));
    }
  }
  if (
    cohorts.baseline === cohorts.canary &&
    sound(['source', 'cohorts', 'canary']) &&
    sound(['source', 'cohorts', 'baseline'])
  ) {
    const message = 'baseline and canary are the same series';
    error(['source', 'cohorts', 'canary'], {
      rule: 'PLAN-COHORT',
      message,
      instead: 'what only the canary has',
    });
  }
}
