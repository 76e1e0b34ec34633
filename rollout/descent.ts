import { isServed } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import { audience, duration } from '../plans/words.ts';
import { below, restOf } from './descending.ts';
import type { PersonEvent } from './event.ts';
import { lowerFlag } from './flag.ts';
import { watch } from './progress.ts';
import type { PendingWrite, RolloutState } from './state.ts';
import { finishDescent, noteStop, type StopRequest, stop } from './stop.ts';
import type { Turn } from './turn.ts';
import { journal } from './turn.ts';

/*
 * A rollback for an old path that has grown cold: down the exposures of the stages below, one by one. Each step lowers and asks
 * nobody, the gate watches on, and a hard stop, a kill or a second rollback makes it immediate at any moment.
 */

/** Seconds from one step to the next; null: all at once. */
export type Pace = number | null;

const USUAL = 600;

/** How the plan has it where nobody says. */
export function paceOf({ policy }: Plan): Pace {
  return policy.rollback === 'progressive' ? (policy.every ?? USUAL) : null;
}

/** How a person wants it: in their words, else in the plan's. */
export function wantedPace(
  { plan }: RolloutState,
  { progressive, every }: Pick<PersonEvent, 'progressive' | 'every'>,
): Pace {
  if (progressive === undefined) return every ?? paceOf(plan);
  return progressive ? (every ?? plan.policy.every ?? USUAL) : null;
}

/** Why a rollback cannot take its time; null: it can. */
export function haste(state: RolloutState): string | null {
  const { plan, gate, pause, exposure, stage, write } = state;
  const hard = gate?.assessment?.verdict === 'hard' || pause?.causes.some(({ kind }) => kind === 'hard');
  if (hard === true) return 'the gate is at a hard stop';
  if (plan.reversibility === 'forward-only')
    return 'the plan is forward-only: no stage below is safe for who has the canary';
  if (state.phase !== 'active' || !isServed(exposure)) return 'nobody is served by the canary';
  if (write !== null && write.purpose !== 'advance') return 'the flag is being written';
  return below(state, stage) < 0 ? 'there is no stage below' : null;
}

/** Goes back at that pace, the first step at once. Where it cannot take its time it is a rollback like any other. */
export function rollBack(turn: Turn, pace: Pace, asked: StopRequest): void {
  const { state, now } = turn;
  const hurry = pace === null || state.descent != null ? null : haste(state);
  if (pace === null || state.descent != null || hurry !== null) {
    stop(turn, hurry === null ? asked : { ...asked, summary: `${asked.summary} At once, since ${hurry}.` });
    return;
  }
  noteStop(turn, asked);
  state.stop = { transition: asked.transition, cause: asked.cause, at: now, revertedByGate: false };
  state.retry = null;
  state.checks = null;
  state.descent = { from: state.stage, every: pace * 1000, at: now };
  descend(turn);
}

/** One step, once its time has come. */
export function descend(turn: Turn): void {
  const { state, now } = turn;
  const { descent, stop: why } = state;
  if (descent == null || why === null || now < (descent.at ?? 0)) return;
  const next = below(state, state.stage);
  if (next < 0) {
    finishDescent(turn);
    return;
  }
  state.descent = { ...descent, at: null };
  lowerFlag(turn, 'descend', next, why.cause);
}

/** A step is in force: the gate of its stage watches, and the next one is due later. */
export function descended(
  turn: Turn,
  { stage, exposure, cause }: PendingWrite,
  revisions: { before: number | null; after: number | null },
): void {
  const { state, now } = turn;
  const { descent } = state;
  if (descent == null) return;
  state.stage = stage;
  state.stageSince = now;
  state.exposure = exposure;
  state.descent = { ...descent, at: now + descent.every };
  const rest = restOf(state, now).map((step) => audience(step.exposure));
  journal(turn, 'stepped-back', {
    cause,
    summary: `On the way back: the canary serves ${audience(exposure)}, then ${rest.join(', then ')}; the next step in ${duration(descent.every / 1000)}.`,
    flagBefore: revisions.before,
    flagAfter: revisions.after,
  });
  watch(turn);
}
