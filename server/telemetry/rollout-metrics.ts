import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Transition } from '../../plans/journal.ts';
import { MARK_OF } from '../../plans/marks.ts';
import type { Phase } from '../../plans/view.ts';
import type { Figures } from '../../store/figures.ts';
import { marginSeries } from './margin-metrics.ts';

/** Seconds from the decision to stop to the flag read back. */
const ROLLBACK_BUCKETS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900];
const OF_ROLLOUT = ['rollout', 'flag', 'environment', 'service'] as const;

/** How a rollout may end, and what may have stopped it. A new way is told once there is one, from then on. */
const ENDS: Partial<Record<Phase, readonly (Transition | '')[]>> = {
  completed: [''],
  'rolled-back': [
    '',
    'hard-stop',
    'soft-stop',
    'no-data',
    'killed',
    'rejected',
    'rollback-requested',
    'write-failed',
  ],
  rejected: ['', 'rejected'],
  abandoned: ['', 'rollback-requested'],
  superseded: ['', 'rollback-requested'],
};

/**
 * The figures of the database as metrics: each server tells the same, so dashboards take the largest and never the sum.
 * Counters are counted anew at each look, from what the database keeps.
 */
export function rolloutMetrics(registry: Registry): (figures: Figures) => void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames, registers });
  const rollouts = gauge('tidegate_rollouts', 'Rollouts that have not ended.', ['environment', 'phase']);
  const exposure = gauge('tidegate_rollout_exposure_percent', 'Percentage that has the canary.', OF_ROLLOUT);
  const stage = gauge('tidegate_rollout_stage', 'Place of the present stage; -1 before the first.', [
    ...OF_ROLLOUT,
    'stage',
  ]);
  const inStage = gauge('tidegate_rollout_stage_seconds', 'Time in the present stage.', OF_ROLLOUT);
  const paused = gauge('tidegate_rollout_paused', '1: a person must answer a pause.', OF_ROLLOUT);
  const waits = gauge('tidegate_rollout_waits_for_approval', '1: an approval is missing.', OF_ROLLOUT);
  const evidence = gauge(
    'tidegate_rollout_evidence_ratio',
    'ln of the evidence against the canary over that which stops it.',
    OF_ROLLOUT,
  );
  const sampleAge = gauge(
    'tidegate_rollout_sample_age_seconds',
    'Time since the last window that a gate has read.',
    OF_ROLLOUT,
  );
  const margins = gauge(
    'tidegate_rollout_margin',
    'How much worse the canary may be in the present stage; where both units are told the smaller one holds.',
    [...OF_ROLLOUT, 'metric', 'margin', 'direction', 'unit'],
  );
  // A series for each line of the journal, told for an hour: none is lost between two scrapes.
  const transitions = gauge(
    'tidegate_rollout_transition_timestamp_seconds',
    'When a rollout changed; of the last hour.',
    [...OF_ROLLOUT, 'stage', 'transition', 'mark', 'seq'],
  );
  const ended = counter('tidegate_rollouts_ended_total', 'Rollouts that have ended, and what stopped them.', [
    'environment',
    'outcome',
    'stop',
  ]);
  const rollback = new Histogram({
    name: 'tidegate_rollback_seconds',
    help: 'From the decision to stop to the flag read back, of the last 90 days.',
    buckets: ROLLBACK_BUCKETS,
    registers,
  });
  const ofChannel = ['channel'];
  const waiting = gauge('tidegate_messages_waiting', 'Messages that are not sent yet.', ofChannel);
  const oldest = gauge('tidegate_messages_oldest_seconds', 'Age of the oldest of them.', ofChannel);
  const stuck = gauge('tidegate_messages_stuck', 'Of them, those that do not get through.', ofChannel);
  const sent = counter('tidegate_messages_sent_total', 'Messages that were taken.', ofChannel);
  const refused = counter('tidegate_message_failures_total', 'Attempts that failed.', ofChannel);
  const ofRollouts = [
    rollouts,
    exposure,
    stage,
    inStage,
    paused,
    waits,
    evidence,
    sampleAge,
    margins,
    transitions,
    ended,
    rollback,
  ];
  const ofMessages = [waiting, oldest, stuck, sent, refused];

  return (figures) => {
    for (const metric of [...ofRollouts, ...ofMessages]) metric.reset();
    for (const one of figures.active) {
      const { id, flag, environment, service } = one;
      const labels = { rollout: id, flag, environment, service: service ?? '' };
      rollouts.inc({ environment, phase: one.phase });
      exposure.set(labels, one.percent);
      stage.set({ ...labels, stage: one.stage ?? '' }, one.stageIndex);
      paused.set(labels, Number(one.paused));
      waits.set(labels, Number(one.waitsForApproval));
      if (one.stageSeconds !== null) inStage.set(labels, one.stageSeconds);
      if (one.evidence !== null) evidence.set(labels, one.evidence);
      if (one.sampleSeconds !== null) sampleAge.set(labels, one.sampleSeconds);
      for (const { value, ...margin } of marginSeries(one)) margins.set({ ...labels, ...margin }, value);
    }
    for (const { id, flag, environment, service, stage: of, transition, seq, at } of figures.marks)
      transitions.set(
        {
          rollout: id,
          flag,
          environment,
          service: service ?? '',
          stage: of ?? '',
          transition,
          mark: MARK_OF[transition] ?? '',
          seq,
        },
        at,
      );
    // `increase()` sees no rise in a series that begins at 1: each begins with the first rollout of its environment.
    for (const environment of new Set([...figures.active, ...figures.ended].map((one) => one.environment)))
      for (const [outcome, stops] of Object.entries(ENDS))
        for (const stop of stops) ended.inc({ environment, outcome, stop }, 0);
    for (const { environment, phase, stop, rollouts: count } of figures.ended)
      ended.inc({ environment, outcome: phase, stop: stop ?? '' }, count);
    for (const seconds of figures.rollbackSeconds) rollback.observe(seconds);
    for (const one of figures.channels) {
      const { channel } = one;
      waiting.set({ channel }, one.waiting);
      oldest.set({ channel }, one.oldestSeconds);
      stuck.set({ channel }, one.stuck);
      sent.inc({ channel }, one.sent);
      refused.inc({ channel }, one.refused);
    }
  };
}
