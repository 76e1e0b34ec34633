import type { Exposure } from '../plans/exposure.ts';
import type { Cause } from '../plans/journal.ts';
import { stageLease } from '../plans/lease.ts';
import { stageExposure } from '../plans/stages.ts';
import { audience, moment, segmentList } from '../plans/words.ts';
import { blockersOf, granted, neededApproval } from './blockers.ts';
import { askChecks } from './checking.ts';
import type { ExpectedFlag, GateRequest } from './command.ts';
import { noteUnconfirmed } from './confirming.ts';
import { stopExposure } from './exposure.ts';
import { alreadyThere, claimFlag, leasesAnew, releaseFlag, writeStage } from './flag.ts';
import { askRequired } from './following.ts';
import { isWatching, watchedPlan } from './mode.ts';
import { isConfirmed } from './no-return.ts';
import { approvalsTo, beginText, firstStage, nextStage } from './origin.ts';
import { gatePassed } from './passed.ts';
import { answerWanted } from './required.ts';
import { restartOf } from './restart.ts';
import { opensAt } from './schedule.ts';
import { peersBesideDue, peersWanted } from './shared-service.ts';
import type { GateState, RolloutState } from './state.ts';
import { stepsOf } from './steps.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

/** Moves the rollout up when nothing blocks it. The only place from which exposure rises. */
export function proceed(turn: Turn): void {
  const { state, now } = turn;
  if (state.phase !== 'submitted' && state.phase !== 'active') return;
  if (state.descent != null) return;
  noteWaiting(turn);
  noteUnconfirmed(turn);
  const blockers = blockersOf(state, now);
  if (blockers.some(({ kind }) => kind !== 'shared-service' && kind !== 'checks')) {
    askPeersBeside(turn);
    return;
  }
  if (peersWanted(state, now)) {
    askPeers(turn);
    return;
  }
  if (blockers.some(({ kind }) => kind === 'shared-service')) return;
  if (answerWanted(state, now)) {
    askRequired(turn);
    return;
  }
  if (blockers.length > 0) {
    askChecks(turn);
    return;
  }
  const cause = riseCause(state);
  if (!state.claimed) {
    claimFlag(turn, cause);
    return;
  }
  const next = nextStage(state);
  if (next >= state.plan.stages.length)
    complete(turn, cause, 'Every stage has passed: the rollout is complete.');
  else if (alreadyThere(state, next) && !leasesAnew(state, next))
    enterStage(turn, next, cause, { before: state.flagRevision, after: state.flagRevision });
  else writeStage(turn, 'advance', next, cause);
}

function askPeers(turn: Turn): void {
  const { service } = turn.state.plan.metadata;
  // A second request while one is out would only repeat the question.
  if (service === undefined || turn.commands.some(({ kind }) => kind === 'peers')) return;
  turn.commands.push({ kind: 'peers', service, rolloutId: turn.state.id, ...apart(turn.state) });
}

function apart({ plan }: RolloutState): { apart?: true } {
  return plan.policy.sharedService === 'apart' ? { apart: true } : {};
}

/** Who waits for something else as well is told of the peers as they are, and not as they were. */
function askPeersBeside(turn: Turn): void {
  const { state, now } = turn;
  const { service } = state.plan.metadata;
  const due = peersBesideDue(state);
  if (service === undefined || due === null || now < due) return;
  state.peersAsked = now;
  turn.commands.push({ kind: 'peers', service, rolloutId: state.id, beside: true, ...apart(state) });
}

function riseCause(state: RolloutState): Cause {
  if (isConfirmed(state) && state.confirmed != null) {
    const { by, roles } = state.confirmed;
    return { kind: 'person', by, roles, reason: 'confirmed the point of no return' };
  }
  const grant = state.grants.findLast(({ stage }) => stage === state.stage);
  if (grant !== undefined) return { kind: 'person', by: grant.by, roles: grant.roles, reason: 'approved' };
  const assessment = state.gate?.assessment;
  if (state.stage >= 0 && assessment !== null && assessment !== undefined) {
    return { kind: 'gate', verdict: assessment.verdict, reason: assessment.reason };
  }
  const { origin } = state;
  if (origin?.kind === 'retry' && firstStage(state) > 0)
    return { kind: 'policy', reason: `the gates below ${origin.stage} had passed in ${origin.of}` };
  return { kind: 'policy', reason: 'the plan asks for nothing more before its first stage' };
}

/** Starts the clock of an approval once everything else about the stage is done, and says that it is needed. */
function noteWaiting(turn: Turn): void {
  const { state, now } = turn;
  const approval = neededApproval(state);
  const ready = state.stage < 0 || gatePassed(state);
  if (approval === null || !ready || granted(state, approval)) {
    state.waitingSince = null;
    return;
  }
  if (state.waitingSince !== null) return;
  state.waitingSince = now;
  const opens = state.patient === true ? opensAt(state, now) : now;
  if (opens > now) state.answersFrom = opens;
  else delete state.answersFrom;
  const shut = opens > now ? ` The plan opens that on ${moment(opens)} at the earliest.` : '';
  const next = state.plan.stages[nextStage(state)]?.name ?? 'the end';
  journal(turn, 'approval-needed', {
    cause: policy(`the plan asks for approval by ${approval.roles.join(', ')}`),
    summary: `Waits for approval (${rolesTo(state).join(', ')}) before ${next}.${shut}${state.stage < 0 ? beginText(state) : ''}`,
    flagBefore: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
    queries: state.gate?.queries ?? [],
  });
}

/** Everybody who is asked: of a retry, also for the stages that it passes over. */
function rolesTo(state: RolloutState): string[] {
  const needed = approvalsTo(state.plan, state.stage, nextStage(state));
  return [...new Set(needed.flatMap(({ roles }) => roles))];
}

/** The exposure of `stage` is in force: the gate begins to watch. */
export function enterStage(
  turn: Turn,
  stage: number,
  cause: Cause,
  revisions: { before: number | null; after: number | null; exposure?: Exposure },
): void {
  const { state, now } = turn;
  const evidence = state.gate?.assessment ?? null;
  const queries = state.gate?.queries ?? [];
  const from = state.stage;
  state.phase = 'active';
  state.stage = stage;
  state.stageSince = now;
  state.startedAt ??= now;
  // Whom the plan excludes may have changed since the write was asked for.
  state.exposure = revisions.exposure ?? stageExposure(state.plan, stage);
  state.waitingSince = null;
  state.peersAt = null;
  // What was true before this stage is read anew before the next one.
  if (state.required !== undefined) state.required = { ...state.required, at: 0 };
  const plan = state.plan.stages[stage];
  const transition = from < 0 ? 'started' : plan?.decommission === undefined ? 'advanced' : 'decommissioning';
  journal(turn, transition, {
    cause,
    summary:
      transition === 'decommissioning'
        ? `The old path is watched for its last calls. \`tidegate flags references ${state.plan.flag.key}\` shows where the code still names the flag; with \`--report\` this stage waits until nothing does.`
        : `Stage ${plan?.name ?? ''}: the canary serves ${servedText(state.exposure)}.`,
    flagBefore: revisions.before,
    flagAfter: revisions.after,
    evidence,
    queries,
  });
  watch(turn);
}

function servedText(exposure: Exposure): string {
  if (exposure.mode !== undefined) return audience(exposure);
  return exposure.percent > 0 ? `${exposure.percent} %` : segmentList(exposure.segments);
}

/** The exposure of an earlier stage, or a safe one, is in force: what was approved and waited for above it is void. */
export function returnToStage(
  turn: Turn,
  { stage, exposure }: { stage: number; exposure: Exposure },
  cause: Cause,
  revisions: { before: number | null; after: number | null },
): void {
  const { state, now } = turn;
  const name = state.plan.stages[stage]?.name ?? '';
  state.stage = stage;
  state.stageSince = now;
  state.exposure = exposure;
  state.withdrawn = exposure.variant !== null;
  state.grants = [];
  state.checks = null;
  state.waitingSince = null;
  journal(turn, 'stepped-back', {
    cause,
    summary: state.withdrawn
      ? `The canary is withdrawn in stage ${name}: the flag serves ${audience(exposure)}.`
      : `Back to stage ${name}.`,
    flagBefore: revisions.before,
    flagAfter: revisions.after,
  });
}

/** Starts the gate of the present stage, in place of the one that ran. */
export function watch(turn: Turn, known: GateState | null = null): void {
  const { state } = turn;
  state.gates += 1;
  state.gate = {
    id: state.gates,
    stage: state.stage,
    key: known?.key ?? '',
    assessment: known?.assessment ?? null,
    queries: known?.queries ?? [],
  };
  const request = gateRequest(state);
  if (request !== null) turn.commands.push({ kind: 'watch', request });
}

export function expectedFlag({
  plan,
  flagRevision,
  exposure,
  epoch,
  offline = 0,
}: RolloutState): ExpectedFlag {
  const expected = { revision: flagRevision, exposure, epoch };
  if (plan.mode === 'observe') return { ...expected, watched: true };
  return offline === 0 ? expected : { ...expected, offline };
}

/** What the gate of a state is asked to watch; null when there is none. */
export function gateRequest(state: RolloutState): GateRequest | null {
  const { gate, startedAt, stageSince } = state;
  if (gate === null || startedAt === null || stageSince === null || state.withdrawn === true) return null;
  const watching = isWatching(state);
  const restarted = restartOf(state);
  const lease = watching ? null : stageLease(state.plan, gate.stage);
  const excluded = watching ? state.imagined?.excluded : state.excluded;
  return {
    id: gate.id,
    rolloutId: state.id,
    plan: watching ? watchedPlan(state, gate.stage) : state.plan,
    stage: gate.stage,
    origin: startedAt,
    stageSince,
    memory: state.memory,
    acceptances: state.acceptances,
    key: gate.key,
    expected: expectedFlag(state),
    safe: stopExposure(state),
    ...(lease === null ? {} : { lease }),
    ...(restarted === null ? {} : { restarted }),
    ...(excluded === undefined || excluded.length === 0 ? {} : { excluded }),
  };
}

/** The end that takes nothing back. */
export function complete(turn: Turn, cause: Cause, summary: string): void {
  finishHere(turn, { phase: 'completed', cause, summary });
}

/** Ends the rollout with the flag as it is. */
export function finishHere(
  turn: Turn,
  { phase, cause, summary }: { phase: 'completed' | 'abandoned'; cause: Cause; summary: string },
): void {
  const { state, now } = turn;
  journal(turn, phase, {
    cause,
    summary,
    flagBefore: state.flagRevision,
    flagAfter: state.flagRevision,
    evidence: state.gate?.assessment ?? null,
    queries: state.gate?.queries ?? [],
  });
  state.phase = phase;
  state.endedAt = now;
  if (phase === 'completed' && isConfirmed(state)) state.steps = stepsOf(state.plan, state.stage, now);
  state.gate = null;
  turn.commands.push({ kind: 'unwatch' });
  if (phase === 'completed' || state.claimed) releaseFlag(turn);
}
