import type { Path } from '../document.ts';
import type { Plan } from '../plan.ts';
import { isTested, stageMetric } from '../stages.ts';
import type { Remark } from './context.ts';

type Warn = (path: Path, remark: Remark) => void;

/** Where a plan is valid and what it leaves out is a risk. */
export function reviewRisks(plan: Plan, warn: Warn): void {
  const { metadata } = plan;
  if (metadata.owner === undefined) {
    warn(['metadata'], {
      rule: 'PLAN-NO-OWNER',
      message: 'nobody is named to ask',
      instead: 'add `owner: TEAM`',
      key: true,
    });
  }
  if (metadata.ticket === undefined) {
    const message = 'nothing says where the change is described';
    warn(['metadata'], { rule: 'PLAN-NO-TICKET', message, instead: 'add `ticket: ABC-123`', key: true });
  }
  metricRisks(plan, warn);
  stageRisks(plan, warn);
  const told = new Set<string>(plan.notify.flatMap(({ events }) => events));
  const silent = [
    told.has('rolled-back') || told.has('hard-stop') ? '' : 'rolled-back',
    told.has('paused') || told.has('soft-stop') ? '' : 'paused',
    told.has('no-data') || told.has('paused') ? '' : 'no-data',
  ].filter((event) => event !== '');
  if (silent.length > 0) {
    const message = `nobody is told when it is ${silent.join(' or ')}`;
    const instead = `a channel in \`notify\` with events: [${silent.join(', ')}]`;
    warn(['notify'], { rule: 'PLAN-SILENT-STOP', message, instead, key: true });
  }
}

function metricRisks(plan: Plan, warn: Warn): void {
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
      const message =
        'one margin is in percentage points and the other in percent of the baseline: which is larger depends on the traffic';
      warn([...path, 'hard'], { rule: 'PLAN-MIXED-MARGINS', message, instead: 'the same unit for both' });
    }
  });
}

function stageRisks(plan: Plan, warn: Warn): void {
  const first = plan.stages.findIndex(({ percent }) => percent !== undefined);
  const percent = plan.stages[first]?.percent ?? 0;
  // Whole tenants before it are the public already.
  const tenants = plan.stages.some(
    ({ audience, waves }, index) => index < first && (audience?.tenants ?? waves) !== undefined,
  );
  if (percent > 5 && !tenants) {
    const message = `the first public stage gives the canary to ${percent} percent at once`;
    warn(['stages', first, 'percent'], {
      rule: 'PLAN-BIG-FIRST-STEP',
      message,
      instead: 'a stage of 1 before it',
    });
  }
  if (!plan.stages.some(({ audience }, index) => audience !== undefined && (first < 0 || index < first))) {
    const instead = 'a first stage with `audience: { segments: [...] }`';
    warn(['stages'], {
      rule: 'PLAN-NO-INTERNAL',
      message: 'the public gets the canary before your own people',
      instead,
      key: true,
    });
  }
  const full = plan.stages.findIndex((stage) => stage.percent === 100);
  if (full >= 0 && plan.limits.length === 0) {
    const message = 'at 100 percent there is no baseline to compare with, and no limit watches it';
    warn(['stages', full, 'percent'], {
      rule: 'PLAN-NO-BASELINE',
      message,
      instead: 'add `limits:`, such as an error rate',
    });
  }
}
