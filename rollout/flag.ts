import type { Exposure } from '../plans/exposure.ts';
import { sameExposure } from '../plans/exposure.ts';
import type { Cause } from '../plans/journal.ts';
import { sameLease, stageLease } from '../plans/lease.ts';
import { stageExposure } from '../plans/stages.ts';
import { withoutExcluded } from './excluding.ts';
import { stopExposure } from './exposure.ts';
import { isWatching } from './mode.ts';
import { ruleOf } from './no-return.ts';
import type { PendingWrite, RolloutState } from './state.ts';
import type { Turn } from './turn.ts';

/*
 * The one door through which a rollout reaches its flag. For a plan that only watches it stays shut: nothing is claimed, written
 * or given back.
 */

/** Who signs the writes of a gate. */
export const GATE_AUTHOR = 'tidegate (gate)';

/** Asks for the ownership of the flag; nothing is raised before it is granted. */
export function claimFlag(turn: Turn, cause: Cause): void {
  const { state } = turn;
  if (isWatching(state)) return;
  const { flag, environment } = state.plan;
  const id = openWrite(turn, 'claim', -1, state.exposure, cause);
  turn.commands.push({
    kind: 'claim',
    request: {
      id,
      rolloutId: state.id,
      environment,
      key: flag.key,
      provider: flag.provider,
      shape: flagShape(state.plan),
    },
  });
}

/** What a flag must know of its plan. */
export function flagShape(plan: RolloutState['plan']) {
  const { variants, baseline, canary, stickiness } = plan.flag;
  return {
    variants: variants ?? booleanVariants(baseline, canary),
    baseline,
    canary,
    stickiness,
    ...safeShape(plan),
  };
}

/**
 * A kill may come while nobody can read the plan, so the flag itself knows where it ends. A safe variant is served
 * to whoever could have had the canary: everyone, since the kill does not know how far the rollout was.
 */
function safeShape({ reversibility, safeExposure }: RolloutState['plan']): { safe?: 'frozen' | Exposure } {
  if (reversibility === 'reversible' || safeExposure === undefined) return {};
  return {
    safe:
      safeExposure === 'frozen' ? 'frozen' : { percent: 100, segments: [], variant: safeExposure.variant },
  };
}

/** A flag whose plan names no values is boolean: the canary variant is true. */
function booleanVariants(baseline: string, canary: string): Record<string, unknown> {
  return { [canary]: true, [baseline]: false };
}

/**
 * Asks for the exposure of a stage, upward, back to where the plan wants it, or down to the stage within a drift: onto
 * the revision that is known and no other.
 */
export function writeStage(
  turn: Turn,
  purpose: 'advance' | 'restore' | 'accept-drift' | 'include',
  stage: number,
  cause: Cause,
): void {
  const { state } = turn;
  if (isWatching(state)) return;
  const exposure = stageExposure(state.plan, stage);
  const id = openWrite(turn, purpose, stage, exposure, cause);
  pushWrite(turn, id, exposure, 'raise', cause);
}

/** Asks for less exposure. The owner's lowering writes are never refused for their epoch. */
export function lowerFlag(
  turn: Turn,
  purpose: 'step-back' | 'descend' | 'exclude' | 'revert',
  stage: number,
  cause: Cause,
): void {
  const { state } = turn;
  if (isWatching(state)) return;
  // The old path cannot read what a forward-only canary has written: nobody goes back to the baseline.
  const safe = purpose === 'revert' || state.plan.reversibility === 'forward-only';
  const exposure =
    purpose === 'exclude'
      ? withoutExcluded(state)
      : safe
        ? stopExposure(state)
        : stageExposure(state.plan, stage);
  const id = openWrite(turn, purpose, stage, exposure, cause);
  pushWrite(turn, id, exposure, 'lower', cause);
}

export function alreadyThere(state: RolloutState, stage: number): boolean {
  return sameExposure(stageExposure(state.plan, stage), state.exposure);
}

/**
 * What a stage serves is served already, under the lease of the stage before: it is written all the same, for the lease.
 * Rollouts of before there was anything to confirm go on as they began.
 */
export function leasesAnew(state: RolloutState, stage: number): boolean {
  const { plan } = state;
  if (isWatching(state)) return false;
  if (plan.stages[stage]?.decommission !== undefined && ruleOf(plan, stage) === undefined) return false;
  return !sameLease(stageLease(plan, state.stage), stageLease(plan, stage));
}

function openWrite(
  turn: Turn,
  purpose: PendingWrite['purpose'],
  stage: number,
  exposure: Exposure,
  cause: Cause,
): number {
  const { state } = turn;
  state.writes += 1;
  state.write = { id: state.writes, purpose, stage, exposure, cause };
  return state.writes;
}

function pushWrite(
  turn: Turn,
  id: number,
  exposure: Exposure,
  direction: 'raise' | 'lower',
  cause: Cause,
): void {
  const { state } = turn;
  const { flag, environment } = state.plan;
  const { write } = state;
  const lease =
    write === null || write.purpose === 'revert' || write.exposure.variant !== null
      ? null
      : stageLease(state.plan, write.stage);
  turn.commands.push({
    kind: 'write',
    request: {
      id,
      rolloutId: state.id,
      environment,
      key: flag.key,
      provider: flag.provider,
      epoch: state.epoch,
      exposure,
      ...(lease === null ? {} : { lease }),
      direction,
      ...(write?.purpose === 'revert' ? { final: true as const } : {}),
      // A step back onto a flag that somebody has lowered further would raise it: it is judged as a raise then.
      expectedRevision: write?.purpose === 'revert' ? null : state.flagRevision,
      author: author(cause),
      reason: reason(cause),
      stage: state.plan.stages[write?.stage ?? -1]?.name ?? null,
    },
  });
}

export function releaseFlag(turn: Turn): void {
  if (isWatching(turn.state)) return;
  const { id, plan } = turn.state;
  turn.commands.push({
    kind: 'release',
    rolloutId: id,
    environment: plan.environment,
    key: plan.flag.key,
    provider: plan.flag.provider,
  });
}

function author(cause: Cause): string {
  return cause.kind === 'person' ? cause.by : `tidegate (${cause.kind})`;
}

function reason(cause: Cause): string {
  if (cause.kind === 'alert') return `alert ${cause.name}`;
  return cause.reason ?? 'asked by a person';
}
