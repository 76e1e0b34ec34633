import { TOLD } from '../plans/names.ts';
import { stageExposure } from '../plans/stages.ts';
import { stepsText } from '../plans/step-words.ts';
import type { Blocker, Drift, RolloutView, Watching } from '../plans/view.ts';
import { askedText, audience, moment } from '../plans/words.ts';
import { blockersOf, granted, neededApproval } from './blockers.ts';
import { checksView } from './checks.ts';
import { descentView } from './descending.ts';
import { acceptDriftRefusal, isDrifted, standingStage } from './drift.ts';
import { drillView } from './drill-facts.ts';
import { stopExposure } from './exposure.ts';
import { heldSplit } from './held-split.ts';
import { isWatching } from './mode.ts';
import { nextStage } from './origin.ts';
import { resumeRefusal } from './refusals.ts';
import { requiresView } from './required.ts';
import { opensAt } from './schedule.ts';
import type { RolloutState } from './state.ts';
import { stepsLeft, stepsView } from './steps.ts';

/** A rollout as people see it, from what it knows. */
export function viewOf(state: RolloutState, now: number): RolloutView {
  const { plan } = state;
  const moving = state.phase === 'submitted' || state.phase === 'active';
  // A plan that only watches goes where others take it.
  const blockers = moving && !isWatching(state) ? blockersOf(state, now) : [];
  return {
    id: state.id,
    name: plan.metadata.name,
    title: plan.metadata.title ?? null,
    owner: plan.metadata.owner ?? null,
    service: plan.metadata.service ?? null,
    environment: plan.environment,
    flag: plan.flag.key,
    ...(plan.metadata.build === undefined ? {} : { build: plan.metadata.build }),
    phase: state.phase,
    ...(state.origin === undefined ? {} : { origin: state.origin }),
    stage: plan.stages[state.stage]?.name ?? null,
    stages: plan.stages.map((stage, index) => ({
      name: stage.name,
      percent: stageExposure(plan, index).percent,
      state: stageState(state, index),
    })),
    exposure: state.exposure,
    safeExposure: stopExposure(state),
    flagRevision: state.flagRevision,
    epoch: state.epoch,
    planRevision: state.planRevision,
    submittedBy: state.submittedBy.by,
    submittedAt: state.submittedAt,
    stageSince: state.stageSince,
    endedAt: state.endedAt,
    blockers,
    next: nextText(state, blockers, now),
    pause:
      state.pause === null
        ? null
        : {
            reason: state.pause.causes.map(({ text }) => text).join('; '),
            since: state.pause.since,
            deadline: state.pause.deadline,
            then: state.pause.then,
          },
    ...driftView(state),
    stop:
      state.stop === null
        ? null
        : {
            cause: state.stop.cause,
            transition: state.stop.transition,
            at: state.stop.at,
            ...(state.stop.end === undefined ? {} : { end: state.stop.end }),
          },
    ...checksView(state),
    ...requiresView(state),
    ...watchingView(state),
    ...(state.explanation == null ? {} : { explanation: state.explanation }),
    ...drillView(state),
    ...stepsView(state),
    ...descentView(state, now),
    ...(state.excluded === undefined || state.excluded.length === 0 ? {} : { excluded: state.excluded }),
    seq: state.seq,
  };
}

function stageState(state: RolloutState, index: number): 'done' | 'now' | 'ahead' {
  if (state.phase === 'completed' || index < state.stage) return 'done';
  return index === state.stage ? 'now' : 'ahead';
}

function watchingView(state: RolloutState): { watching?: Watching } {
  if (!isWatching(state)) return {};
  const { imagined, told } = state;
  return {
    watching: {
      would: imagined?.said.at(-1) ?? null,
      ...(imagined?.excluded === undefined ? {} : { excluded: imagined.excluded }),
      ...(told === undefined ? {} : { told }),
    },
  };
}

/** Both answers to a drift, while they can be given; what is graver is answered first. */
function driftView(state: RolloutState): { drift?: Drift } {
  if (!isDrifted(state) || state.stage < 0 || state.write !== null || resumeRefusal(state) !== null)
    return {};
  const no = acceptDriftRefusal(state);
  return {
    drift: {
      restores: stageExposure(state.plan, state.stage),
      accepts: no === null ? (state.plan.stages[standingStage(state)]?.name ?? null) : null,
      refused: no?.message ?? null,
    },
  };
}

function driftText(state: RolloutState): string {
  const { drift } = driftView(state);
  if (drift === undefined) return '';
  const resume = `\`tidegate resume\` takes the flag back to ${audience(drift.restores)}`;
  return drift.accepts === null
    ? ` ${resume}; \`tidegate accept-drift\` is refused: ${drift.refused ?? ''}.`
    : ` ${resume}; \`tidegate accept-drift\` goes on from stage ${drift.accepts}, within what it serves.`;
}

/** What a person has to do meanwhile, as nothing else does. */
function decommissionText({ plan, stage }: RolloutState): string {
  if (plan.stages[stage]?.decommission === undefined) return '';
  return ` Take the old path out of the code: \`tidegate flags references ${plan.flag.key}\` shows where it is named.`;
}

function watchingText({ id, plan, phase, imagined, exposure }: RolloutState): string {
  const { key, provider } = plan.flag;
  if (phase === 'submitted')
    return provider === TOLD
      ? `Waits to be told of ${key}: \`tidegate told ${id} --percent N\`.`
      : `Watches ${key}: the first stage begins when somebody has the canary.`;
  const would = imagined?.said.at(-1);
  const served = `${key} serves ${audience(exposure)}, and others move it`;
  return would === undefined
    ? `Only watches: ${served}; no decision would have been due in this stage yet.`
    : `Only watches: ${served}. ${would.summary}`;
}

const TIMES: readonly Blocker['kind'][] = ['start', 'retreat', 'window', 'freeze'];

/** What stands before the next stage besides its gate, of which nobody is asked yet. */
function passText(
  state: RolloutState,
  move: string,
  { blockers, now }: { blockers: Blocker[]; now: number },
) {
  const approval = neededApproval(state);
  const asks =
    approval === null || granted(state, approval) ? '' : `${askedText(approval)} must approve; then `;
  const shut = blockers.some(({ kind }) => TIMES.includes(kind));
  return `When the gate passes, ${asks}${move}${shut ? `, not before ${moment(opensAt(state, now))}` : ''}.`;
}

function waitText({ kind, text, until }: Blocker): string {
  return (kind === 'window' || kind === 'freeze') && until !== null
    ? `${text} (until ${moment(until)})`
    : text;
}

function nextText(state: RolloutState, blockers: Blocker[], now: number): string {
  const watches = isWatching(state);
  switch (state.phase) {
    case 'completed':
      if (watches) return 'Nothing: the observation is over.';
      return stepsLeft(state).length === 0
        ? 'Nothing: the rollout is complete.'
        : `The rollout is complete; ${stepsText(state.steps ?? [])}: \`tidegate steps ${state.id}\`.`;
    case 'rolled-back':
      return 'The flag is back; see that the traffic is, too. Then mend the cause and `tidegate retry`.';
    case 'rejected':
      return 'Nothing: the rollout was not started.';
    case 'abandoned':
      return `Nothing: the rollout was abandoned, with the flag at ${audience(state.exposure)}.`;
    case 'superseded':
      return 'Nothing: a newer rollout has taken its place.';
    case 'reverting':
      return 'The flag goes back now.';
    case 'submitted':
    case 'active': {
      if (watches) return watchingText(state);
      if (state.descent != null)
        return `The flag goes back stage by stage. \`tidegate rollback ${state.id}\` takes it back at once.`;
      const goal = state.plan.stages[nextStage(state)]?.name;
      const move = goal === undefined ? 'the rollout completes' : `stage ${goal} opens`;
      const [first] = blockers;
      if (first === undefined) return `Now ${move}.`;
      const split =
        heldSplit(state) === null
          ? ''
          : ' The traffic is not split as planned: mend that, or accept it as it is with `tidegate approve` and a reason.';
      if (state.pause !== null)
        return `Paused: a person must act, else ${state.pause.then === 'rollback' || state.withdrawn === true ? 'it rolls back' : 'it steps back'}.${driftText(state)}${split}`;
      if (first.kind === 'gate')
        return `${passText(state, move, { blockers, now })}${split}${decommissionText(state)}`;
      return `Before ${move}: ${blockers.map(waitText).join('; ')}.`;
    }
  }
}
