import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { dashboardUid } from '../plans/dashboard-uid.ts';
import type { Mark } from '../plans/marks.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { cohortExpression, directionsOf, runningMargin } from './cohort-expression.ts';
import { colour, DATASOURCE, datasource, HALF, series, stat, target, WIDE } from './panels.ts';

const LAYERS: readonly { mark: Mark; name: string; iconColor: string }[] = [
  { mark: 'stage', name: 'Stages', iconColor: 'purple' },
  { mark: 'pause', name: 'Pauses', iconColor: 'orange' },
  { mark: 'resume', name: 'Resumed', iconColor: 'blue' },
  { mark: 'back', name: 'Steps back and rollbacks', iconColor: 'red' },
  { mark: 'end', name: 'Completed', iconColor: 'green' },
  { mark: 'change', name: 'Other changes', iconColor: 'gray' },
];

const COLOURS = { baseline: 'blue', canary: 'orange', soft: 'yellow', hard: 'red' } as const;

/**
 * A dashboard of Grafana for the rollouts of a plan: what is served, how much evidence there is, and both cohorts of
 * each metric under the margins of the stage that runs, with a mark at each transition. Library: the makers of
 * Grafana keep the builders in step with its schema.
 */
export function rolloutDashboard(plan: Plan): Dashboard {
  const { metadata, flag, environment } = plan;
  const own = `flag="${flag.key}",environment="${environment}"`;
  const board = new DashboardBuilder(`Rollout: ${metadata.title ?? metadata.name} (${environment})`)
    .uid(dashboardUid(plan))
    .tags(['tidegate', environment])
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .withVariable(datasource());
  for (const layer of LAYERS) board.annotation(annotation(layer, own));
  board
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
  for (const margin of ['soft', 'hard'] as const) {
    const lines = directionsOf(plan, metric.name, margin).map((direction) => {
      const allowed = runningMargin(plan, {
        metric: metric.name,
        baseline: `(${baseline.expr})`,
        margin,
        direction,
      });
      return `(${baseline.expr}) ${direction === 'increase' ? '+' : '-'} ${allowed}`;
    });
    if (lines.length === 0) continue;
    panel
      .withTarget(target(margin, lines.join(' or ')))
      .overrideByName(margin, [
        colour(COLOURS[margin]),
        { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      ]);
  }
  return panel;
}

/** Each kind of mark is a layer of its own, which whoever looks can hide. */
function annotation({ mark, name, iconColor }: (typeof LAYERS)[number], own: string) {
  return (
    new AnnotationQueryBuilder()
      .name(name)
      .enable(true)
      .datasource(DATASOURCE)
      .iconColor(iconColor)
      // The value is the moment itself: a mark stands where the rollout changed and not where Prometheus looked.
      .expr(
        `1000 * max by (rollout, stage, transition, seq) (tidegate_rollout_transition_timestamp_seconds{${own},mark="${mark}"})`,
      )
      .useValueForTime(true)
      .titleFormat('{{rollout}}: {{transition}}')
      .textFormat('{{stage}}')
      .tagKeys('transition,stage')
      .step('15s')
  );
}
