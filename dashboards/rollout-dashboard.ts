import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import { cohortExpression, marginExpression } from './cohort-expression.ts';
import { colour, DATASOURCE, datasource, HALF, series, stat, target, uidOf, WIDE } from './panels.ts';

const COLOURS = { baseline: 'blue', canary: 'orange', soft: 'yellow', hard: 'red' } as const;

/**
 * A dashboard of Grafana for the rollouts of a plan: what is served, how much evidence there is, and both cohorts of
 * each metric under the margins of its first stage that has any, with a mark at each change of stage. Library: the makers of
 * Grafana keep the builders in step with its schema.
 */
export function rolloutDashboard(plan: Plan): object {
  const { metadata, flag, environment } = plan;
  const own = `flag="${flag.key}",environment="${environment}"`;
  const board = new DashboardBuilder(`Rollout: ${metadata.title ?? metadata.name} (${environment})`)
    .uid(uidOf(`tidegate-${environment}-${flag.key}`))
    .tags(['tidegate', environment])
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .withVariable(datasource())
    .annotation(
      new AnnotationQueryBuilder()
        .name('Stages')
        .datasource(DATASOURCE)
        .iconColor('purple')
        .expr(`changes(max by (rollout) (tidegate_rollout_stage{${own}})[1m:15s]) > 0`)
        .titleFormat('{{rollout}}: another stage')
        .step('15s'),
    )
    .withRow(new RowBuilder('Rollout'))
    .withPanel(stat('Stage', { text: '{{stage}}', expr: `max by (stage) (tidegate_rollout_stage{${own}})` }))
    .withPanel(
      stat('Waits for a person', {
        text: 'waits',
        expr: `max(tidegate_rollout_paused{${own}}) or max(tidegate_rollout_waits_for_approval{${own}})`,
      }),
    )
    .withPanel(
      series('Canary', HALF)
        .unit('percent')
        .min(0)
        .max(100)
        .withTarget(target('canary', `max(tidegate_rollout_exposure_percent{${own}})`)),
    )
    .withPanel(
      series('Evidence against the canary', WIDE)
        .description('1 is what stops the rollout. Below it noise explains what was seen.')
        .min(0)
        .withTarget(target('evidence', `max(tidegate_rollout_evidence_ratio{${own}})`))
        .withTarget(target('stops', 'vector(1)'))
        .overrideByName('stops', [colour('red')]),
    )
    .withRow(new RowBuilder('Baseline and canary'));
  for (const metric of plan.metrics) board.withPanel(metricPanel(plan, metric));
  return board.build();
}

function metricPanel(plan: Plan, metric: Metric): PanelBuilder {
  const window = '$__rate_interval';
  const baseline = cohortExpression(plan, metric, { cohort: 'baseline', window });
  const canary = cohortExpression(plan, metric, { cohort: 'canary', window });
  const panel = series(metric.name, plan.metrics.length === 1 ? WIDE : HALF)
    .unit(baseline.unit)
    .withTarget(target('baseline', baseline.expr))
    .withTarget(target('canary', canary.expr))
    .overrideByName('baseline', [colour(COLOURS.baseline)])
    .overrideByName('canary', [colour(COLOURS.canary)]);
  const { soft, hard } = marginsOf(plan, metric.name);
  for (const [name, margin] of [
    ['soft', soft],
    ['hard', hard],
  ] as const) {
    if (margin === null) continue;
    panel
      .withTarget(target(name, marginExpression(baseline.expr, margin)))
      .overrideByName(name, [
        colour(COLOURS[name]),
        { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      ]);
  }
  return panel;
}

/** Stages may have their own: shown are those of the first that compares cohorts by any. */
function marginsOf(plan: Plan, metric: string) {
  const all = plan.stages.map((_, index) => stageMetric(plan, index, metric));
  return all.find(({ soft, hard }) => soft !== null || hard !== null) ?? { soft: null, hard: null };
}
