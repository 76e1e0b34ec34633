import type { Plan } from '../plan.ts';
import { isTested, stageMetric } from '../stages.ts';
import type { Warn } from './context.ts';
import { exposureRisks } from './exposure-risks.ts';
import { lifecycleRisks } from './lifecycle-risks.ts';
import { limitRisks } from './limit-risks.ts';
import { peopleRisks } from './people-risks.ts';

/** Where a plan is valid and what it says or leaves out is a risk. */
export function reviewRisks(plan: Plan, warn: Warn): void {
  peopleRisks(plan, warn);
  metricRisks(plan, warn);
  exposureRisks(plan, warn);
  lifecycleRisks(plan, warn);
  limitRisks(plan, warn);
}

function metricRisks(plan: Plan, warn: Warn): void {
  if (!plan.metrics.some((metric) => metric.kind === 'ratio' && metric.bad !== undefined)) {
    warn(['metrics'], {
      rule: 'PLAN-NO-ERRORS',
      message: 'errors are not compared, so that a broken canary passes',
      instead: 'add a metric of kind ratio with `bad:`',
      key: true,
    });
  }
  if (!plan.metrics.some(({ kind }) => kind === 'latency')) {
    const instead = 'add a metric of kind latency';
    warn(['metrics'], {
      rule: 'PLAN-NO-LATENCY',
      message: 'latency is not compared, so that a slow canary passes',
      instead,
      key: true,
    });
  }
  plan.metrics.forEach((metric, index) => {
    const path = ['metrics', index];
    if (!isTested(plan, metric)) {
      const message = `${metric.name} has no margin: it is shown, and decides nothing`;
      warn([...path, 'name'], {
        rule: 'PLAN-ADVISORY',
        message,
        instead: 'add `soft:`, and `hard:` for a rollback',
      });
      return;
    }
    if (metric.breakdown.length > 0 && (metric.kind === 'mean' || metric.kind === 'gauge')) {
      const message = `this version searches ratios and latencies by their labels, and no ${metric.kind}`;
      warn([...path, 'breakdown'], {
        rule: 'PLAN-NOT-YET',
        message,
        instead: 'nothing: it does no harm',
        key: true,
      });
    }
    const isError = metric.kind === 'ratio' && metric.bad !== undefined;
    const stages = plan.stages.map((_, stage) => stageMetric(plan, stage, metric.name));
    if (isError && stages.every(({ hard }) => hard === null)) {
      const message = `${metric.name} never rolls back by itself`;
      warn([...path, 'name'], { rule: 'PLAN-NO-HARD-MARGIN', message, instead: 'add `hard:`, such as +1pp' });
    }
    const { soft, hard } = metric;
    const mixed =
      soft &&
      hard &&
      (soft.absolute === null) !== (hard.absolute === null) &&
      (soft.relative === null) !== (hard.relative === null);
    if (mixed === true) {
      const absolute =
        metric.kind === 'ratio' || metric.kind === 'latency' ? 'percentage points' : 'its own unit';
      const message = `one margin is in ${absolute} and the other in percent of the baseline: which is larger depends on the baseline`;
      warn([...path, 'hard'], { rule: 'PLAN-MIXED-MARGINS', message, instead: 'the same unit for both' });
    }
  });
}
