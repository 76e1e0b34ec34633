import type { Path } from '../document.ts';
import { isCounted, planSlices, sliceOf } from '../slices.ts';
import type { Coverage } from '../stage.ts';
import type { Review } from './context.ts';
import { unknownMetric } from './names.ts';

/** Slices of a plan: each divides the evidence further, and carries its own in every heartbeat. */
const MOST_SLICES = 8;

/** The slices at the top and in the stages. */
export function reviewCoverage(review: Review): void {
  const { plan, error, sound } = review;
  reviewList(review, plan.coverage, ['coverage']);
  plan.stages.forEach(({ coverage }, index) => {
    if (coverage !== undefined) reviewList(review, coverage, ['stages', index, 'coverage']);
  });
  const slices = planSlices(plan).length;
  if (slices > MOST_SLICES && sound(['coverage'])) {
    const path = plan.coverage.length > 0 ? ['coverage'] : ['stages'];
    const message = `the plan has ${slices} slices, and each leaves less evidence for the others`;
    error(path, { rule: 'PLAN-COVERAGE', message, instead: `the ${MOST_SLICES} that matter most` });
  }
}

function reviewList(review: Review, list: readonly Coverage[], path: Path): void {
  const { plan, error, sound } = review;
  const { cohorts } = plan.source;
  const seen = new Set<string>();
  list.forEach(({ slice, metrics }, index) => {
    const at = [...path, index, 'slice'];
    if (!sound(at)) return;
    const { label } = sliceOf(slice);
    const say = (message: string, instead: string) => error(at, { rule: 'PLAN-COVERAGE', message, instead });
    if (seen.has(slice)) say(`"${slice}" is there twice`, 'each slice once');
    seen.add(slice);
    if (label === 'le') say('a bucket edge is no part of the users', 'a label of the requests');
    if ('label' in cohorts && label === cohorts.label)
      say('a slice has users of both cohorts, and this label tells the cohorts apart', 'another label');
    if (label === plan.source.replicas) say('an instance is no part of the users', 'a label of the requests');
    if (!plan.metrics.some(isCounted))
      say('only ratios and latencies are counted in slices', 'a metric of such a kind');
    metrics?.forEach((name, other) => {
      const place = [...path, index, 'metrics', other];
      unknownMetric(review, place, { name, key: false });
      const metric = plan.metrics.find((one) => one.name === name);
      if (metric === undefined || isCounted(metric)) return;
      const message = `${name} is a ${metric.kind}, and only ratios and latencies are counted in slices`;
      error(place, { rule: 'PLAN-COVERAGE', message, instead: 'a ratio or a latency' });
    });
  });
}
