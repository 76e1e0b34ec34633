import { accept, acceptableDifference } from '../analysis/evidence.ts';
import { restoreEvidence } from '../analysis/restored-evidence.ts';
import { acceptSplit } from '../analysis/split.ts';
import type { Assessment, MetricAssessment } from '../plans/assessment.ts';
import { sameExposure } from '../plans/exposure.ts';
import { partName } from '../plans/slices.ts';
import { stageExposure } from '../plans/stages.ts';
import { audience, percent } from '../plans/words.ts';
import { standingStage } from './drift.ts';
import type { PersonEvent } from './event.ts';
import { writeStage } from './flag.ts';
import { heldSplit } from './held-split.ts';
import { returnToStage, watch } from './progress.ts';
import type { PauseKind, RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, person } from './turn.ts';

/** What a soft stop is about: the metrics, and slices of them, whose difference can be accepted. */
export function stoppedMetrics({ metrics, metric, slice }: Assessment): MetricAssessment[] {
  return metrics.filter((one) => one.verdict === 'soft' || (one.metric === metric && one.slice === slice));
}

/** A soft stop is approved by naming the difference one can live with; the hard margin stays where it is. */
export function acceptDifference(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const assessment = state.gate?.assessment ?? null;
  const stopped = assessment === null ? [] : stoppedMetrics(assessment);
  const accepted: Record<string, number> = {};
  for (const metric of stopped) {
    const value = event.accept ?? acceptableDifference(metric);
    accepted[partName(metric)] = value;
    const evidence = restoreEvidence(state.memory?.evidence, state.plan);
    if (state.memory !== null && evidence !== null)
      state.memory = { ...state.memory, evidence: accept(evidence, partName(metric), value) };
  }
  state.acceptances = { ...state.acceptances, ...accepted };
  endPause(state, ['soft', 'stepped-back']);
  const values = Object.entries(accepted).map(([metric, value]) => `${metric} up to ${value.toPrecision(3)}`);
  journal(turn, 'accepted', {
    cause: person(event, event.reason),
    summary: `${event.by} accepts a difference: ${values.join(', ')}.`,
    flagBefore: state.flagRevision,
    evidence: assessment,
    accepted,
    queries: state.gate?.queries ?? [],
  });
  if (state.withdrawn === true && state.pause === null)
    writeStage(turn, 'restore', state.stage, person(event, event.reason));
  else watch(turn);
}

/**
 * A split that is not as planned is accepted for the present stage, as it was seen: the guard begins again and holds what
 * comes against that. Margins, evidence and exposure stay as they are, so nothing moves but the hold. A gate that had
 * asked for a person because its longest time was over is asked again by what holds it then.
 */
export function acceptHeldSplit(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const held = heldSplit(state);
  const evidence = restoreEvidence(state.memory?.evidence, state.plan);
  const split = evidence === null ? null : acceptSplit(evidence.split);
  const cause = person(event, event.reason);
  const assessment = state.gate?.assessment ?? null;
  if (held === null || state.memory === null || evidence === null || split === null) {
    // The gate has read on since: what was seen is no longer there.
    journal(turn, 'note', { cause, summary: 'Nothing was accepted: no traffic split holds the gate.' });
    return;
  }
  state.memory = { ...state.memory, evidence: { ...evidence, split } };
  endPause(state, ['overdue']);
  const { of, baseline, canary } = held.seen;
  const share = percent((100 * canary) / (baseline + canary));
  journal(turn, 'accepted', {
    cause,
    summary:
      `${event.by} accepts the traffic split of stage ${assessment?.stage ?? ''}: ${share} of the ${of} have the canary. ${sentence(event.reason)}`.trim(),
    flagBefore: state.flagRevision,
    evidence: assessment,
    queries: state.gate?.queries ?? [],
  });
  watch(turn);
}

/**
 * Somebody else's move counts as the rollout's own step down: it goes on from the highest stage within what the flag
 * serves. A flag between two stages is lowered to the lower one, since no gate knows an exposure that is no stage's.
 */
export function acceptDrift(turn: Turn, event: PersonEvent): void {
  const { state } = turn;
  const cause = person(event, event.reason);
  const stage = standingStage(state);
  const same = sameExposure(stageExposure(state.plan, stage), state.exposure);
  const name = state.plan.stages[stage]?.name ?? '';
  endPause(state, ['drift']);
  state.withdrawn = false;
  state.retry = null;
  state.grants = [];
  journal(turn, 'drift-accepted', {
    cause,
    summary:
      `${event.by} accepts what the flag serves, ${audience(state.exposure)}: ` +
      `${same ? '' : 'it is lowered to the stage within it, and '}the rollout goes on from stage ${name}. ${sentence(event.reason)}`.trim(),
    flagBefore: state.flagRevision,
    flagAfter: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
  });
  if (!same) {
    writeStage(turn, 'accept-drift', stage, cause);
    return;
  }
  const revisions = { before: state.flagRevision, after: state.flagRevision };
  if (stage !== state.stage) returnToStage(turn, { stage, exposure: state.exposure }, cause, revisions);
  watch(turn);
}

function sentence(reason: string | null): string {
  return reason === null ? '' : `Reason: ${reason.replace(/\.$/, '')}.`;
}

function endPause(state: RolloutState, kinds: readonly PauseKind[]): void {
  const causes = state.pause?.causes.filter(({ kind }) => !kinds.includes(kind)) ?? [];
  state.pause = state.pause !== null && causes.length > 0 ? { ...state.pause, causes } : null;
}
