import { touchedShare } from '../plans/drill.ts';
import type { Cause, JournalEntry } from '../plans/journal.ts';
import { ENDED } from '../plans/view.ts';
import { drillDeadline, drillRefusal, drillRuns, drillView } from './drill-facts.ts';
import type { DrillEvent, RolloutEvent } from './event.ts';
import { watch } from './progress.ts';
import type { Drill } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, person, policy } from './turn.ts';
import { verifyRequest } from './verification.ts';

/** A person begins a drill or breaks it off; what came too late is journaled and changes nothing. */
export function onDrill(turn: Turn, event: DrillEvent): void {
  const { state, now } = turn;
  const cause = person(event, event.reason);
  const no = drillRefusal(state, event);
  if (no !== null) {
    journal(turn, 'note', { cause, summary: `Refused a drill: ${no.message} (${no.code}).` });
    return;
  }
  if (event.begins === null) {
    finish(turn, { cause, passed: false, outcome: `broken off by ${event.by}` });
    return;
  }
  const { breakage, within } = event.begins;
  state.drill = {
    id: event.id,
    by: event.by,
    reason: event.reason,
    breakage,
    stage: state.plan.stages[state.stage]?.name ?? '',
    touches: touchedShare(state.exposure, breakage.percent),
    within,
    startedAt: now,
    detectedAt: null,
    rolledBackAt: null,
    verifiedAt: null,
    verifiedBy: null,
    endedAt: null,
    passed: null,
    outcome: 'running',
    memory: state.memory,
  };
  // What was approved was approved without broken users in the evidence.
  state.grants = [];
  journal(turn, 'drill', {
    cause,
    summary: `${event.by} begins a drill: the new path is broken for ${breakage.percent} % of the canary's users, and is to be stopped within ${within} s.`,
    flagBefore: state.flagRevision,
    ...drillView(state),
  });
}

/**
 * Follows a drill through what its rollout does, whatever has caused it: called after every step. Whoever stops the rollout
 * for another reason, moves its flag or waits too long has ended the drill, and it has not passed.
 */
export function followDrill(turn: Turn, event: RolloutEvent): void {
  const { state, now, entries } = turn;
  const { drill } = state;
  if (drill === undefined || drill.passed !== null) return;
  const seen = entries.find(isVerdict);
  if (seen !== undefined && drill.detectedAt === null)
    state.drill = { ...drill, detectedAt: now, outcome: `detected: ${seen.summary}` };
  if (event.kind === 'verified') {
    verified(turn, event.outcome);
    return;
  }
  if (state.phase === 'rolled-back') {
    if (drill.rolledBackAt === null) rolledBack(turn);
    return;
  }
  if (ENDED.includes(state.phase)) {
    finish(turn, { passed: false, outcome: 'the rollout ended otherwise' });
    return;
  }
  if (entries.some(({ transition }) => transition === 'drift' || transition === 'stepped-back')) {
    finish(turn, {
      passed: false,
      outcome: 'the flag was moved, and that ends a drill, but not back to nobody',
    });
    return;
  }
  const deadline = drillDeadline(state);
  if (deadline !== null && now >= deadline && state.phase === 'active') {
    const missed =
      state.drill?.detectedAt == null
        ? 'was not detected. Does the application take part (`drills: true`), and is the breakage beyond the margins'
        : 'was detected, but nothing rolled it back';
    finish(turn, { passed: false, outcome: `within ${drill.within} s it ${missed}` });
  }
}

const VERDICTS: readonly string[] = ['hard-stop', 'soft-stop', 'paused', 'alert'];

function isVerdict({ transition, cause }: JournalEntry): boolean {
  return VERDICTS.includes(transition) && (cause.kind === 'gate' || cause.kind === 'alert');
}

function rolledBack(turn: Turn): void {
  const { state, now } = turn;
  const { drill } = state;
  if (drill === undefined) return;
  if (drill.detectedAt === null) {
    finish(turn, { passed: false, outcome: 'the rollout was rolled back, but not because of the drill' });
    return;
  }
  const { memory: _memory, ...known } = drill;
  state.drill = { ...known, rolledBackAt: now, outcome: 'rolled back; the metrics are asked' };
  if (verifyRequest(state) === null) {
    state.drill = { ...state.drill, verifiedAt: now, verifiedBy: 'flag' };
    conclude(turn);
    return;
  }
  journal(turn, 'note', {
    cause: policy('a drill'),
    summary: `The drill was detected after ${seconds(drill, drill.detectedAt)} and rolled back after ${seconds(drill, now)}; the metrics are asked whether traffic is back.`,
  });
}

function verified(turn: Turn, outcome: 'back' | 'not-back' | 'superseded'): void {
  const { state, now } = turn;
  if (state.drill === undefined) return;
  if (outcome === 'back') {
    state.drill = { ...state.drill, verifiedAt: now, verifiedBy: 'metrics' };
    conclude(turn);
    return;
  }
  const why =
    outcome === 'not-back'
      ? 'it was detected and rolled back, but traffic was not seen to be back'
      : 'it was detected and rolled back, but the next rollout came before traffic was seen to be back';
  finish(turn, { passed: false, outcome: why });
}

/** All three have happened: in time? */
function conclude(turn: Turn): void {
  const { drill } = turn.state;
  if (drill?.verifiedAt == null || drill.detectedAt === null || drill.rolledBackAt === null) return;
  const by = drill.verifiedBy === 'flag' ? 'by the flag alone' : 'by the metrics';
  const told = `detected after ${seconds(drill, drill.detectedAt)}, rolled back after ${seconds(drill, drill.rolledBackAt)}, verified ${by} after ${seconds(drill, drill.verifiedAt)}`;
  const passed = drill.verifiedAt - drill.startedAt <= drill.within * 1000;
  finish(turn, { passed, outcome: passed ? told : `${told}: later than within ${drill.within} s` });
}

function seconds({ startedAt }: Drill, at: number): string {
  return `${((at - startedAt) / 1000).toFixed(1)} s`;
}

/** Where the rollout goes on, its stage begins again from what was known before: the drill's failures are no evidence. */
function finish(
  turn: Turn,
  { passed, outcome, cause = policy('a drill') }: { passed: boolean; outcome: string; cause?: Cause },
): void {
  const { state, now } = turn;
  const { drill } = state;
  if (drill === undefined) return;
  const ran = drillRuns(state);
  const { memory = null, ...run } = drill;
  state.drill = { ...run, endedAt: now, passed, outcome };
  journal(turn, 'drill', {
    cause,
    summary: passed ? `The drill has passed: ${outcome}.` : `The drill has not passed: ${outcome}.`,
    flagBefore: state.flagRevision,
    ...drillView(state),
  });
  if (!ran || state.phase !== 'active' || state.gate === null) return;
  // A drill begins without any pause: what the gate paused for since was the drill.
  const causes = state.pause?.causes.filter(({ kind }) => !['soft', 'hard', 'limit'].includes(kind)) ?? [];
  state.pause = state.pause !== null && causes.length > 0 ? { ...state.pause, causes } : null;
  const { poll } = state.plan.source;
  const read = Math.ceil(now / 1000 / poll) * poll;
  state.memory = memory === null ? null : { ...memory, cursor: Math.max(memory.cursor, read) };
  state.stageSince = now;
  state.gate = { ...state.gate, assessment: null, key: '' };
  if (state.write === null && state.withdrawn !== true) watch(turn);
}
