import { type Dashboard, DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource, HALF, QUARTER, series, stat, target } from './panels.ts';

/** The dashboard of Tidegate itself: every server tells the same figures, so the largest is shown and never the sum. */
export function ownDashboard(): Dashboard {
  return new DashboardBuilder('Tidegate')
    .uid('tidegate')
    .tags(['tidegate'])
    .refresh('30s')
    .time({ from: 'now-24h', to: 'now' })
    .withVariable(datasource())
    .withRow(new RowBuilder('Rollouts'))
    .withPanel(
      stat('Active', {
        text: 'active',
        expr: 'sum(max by (environment, phase) (tidegate_rollouts)) or vector(0)',
      }),
    )
    .withPanel(
      stat('Wait for a person', {
        text: 'waiting',
        expr: 'count(max by (rollout) (tidegate_rollout_paused or tidegate_rollout_waits_for_approval) == 1) or vector(0)',
      }),
    )
    .withPanel(
      stat('Rolled back of those that ended, 30 days', {
        text: '{{environment}}',
        expr: 'tidegate:change_failure:ratio_30d',
      }).unit('percentunit'),
    )
    .withPanel(
      stat('Time to roll back, 95th percentile', { text: 'p95', expr: 'tidegate:rollback_seconds:p95' }).unit(
        's',
      ),
    )
    .withPanel(
      series('Exposure', HALF)
        .unit('percent')
        .min(0)
        .max(100)
        .withTarget(target('{{rollout}}', 'max by (rollout) (tidegate_rollout_exposure_percent)')),
    )
    .withPanel(
      series('Evidence against canaries (1 stops)', HALF)
        .min(0)
        .withTarget(target('{{rollout}}', 'max by (rollout) (tidegate_rollout_evidence_ratio)')),
    )
    .withPanel(
      series('Ended', HALF).withTarget(
        target(
          '{{outcome}} {{stop}}',
          'sum by (outcome, stop) (increase(tidegate:rollouts_ended:total[1d]))',
        ),
      ),
    )
    .withPanel(
      series('Time in the present stage', HALF)
        .unit('s')
        .withTarget(target('{{rollout}}', 'max by (rollout) (tidegate_rollout_stage_seconds)')),
    )
    .withRow(new RowBuilder('Gates'))
    .withPanel(
      series('Windows read', HALF)
        .unit('ops')
        .withTarget(
          target(
            '{{source}} {{outcome}}',
            'sum by (source, outcome) (rate(tidegate_gate_polls_total[$__rate_interval]))',
          ),
        ),
    )
    .withPanel(
      series('Why windows were no evidence', HALF)
        .unit('ops')
        .withTarget(
          target(
            '{{source}} {{kind}}',
            'sum by (source, kind) (rate(tidegate_gate_rejections_total[$__rate_interval]))',
          ),
        ),
    )
    .withPanel(
      series('Time to read a window, 99th percentile', HALF)
        .unit('s')
        .withTarget(
          target(
            '{{source}}',
            'histogram_quantile(0.99, sum by (source, le) (rate(tidegate_gate_poll_duration_seconds_bucket[$__rate_interval])))',
          ),
        ),
    )
    .withPanel(
      series('Age of the last window of each gate', HALF)
        .unit('s')
        .withTarget(target('{{rollout}}', 'max by (rollout) (tidegate_rollout_sample_age_seconds)')),
    )
    .withRow(new RowBuilder('Messages and parts'))
    .withPanel(
      series('Messages waiting', HALF).withTarget(
        target('{{channel}}', 'max by (channel) (tidegate_messages_waiting)'),
      ),
    )
    .withPanel(
      series('Attempts that failed', HALF).withTarget(
        target('{{channel}}', 'max by (channel) (increase(tidegate_message_failures_total[1h]))'),
      ),
    )
    .withPanel(
      series('API, 99th percentile', HALF)
        .unit('s')
        .withTarget(
          target(
            '{{route}}',
            'histogram_quantile(0.99, sum by (route, le) (rate(tidegate_http_request_duration_seconds_bucket[$__rate_interval])))',
          ),
        ),
    )
    .withPanel(stat('Parts', { text: '{{part}}', expr: 'max by (part) (tidegate_part_up)' }).span(QUARTER))
    .build();
}
