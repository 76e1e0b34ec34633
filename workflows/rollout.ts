import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  patched,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { JournalEntry } from '../plans/journal.ts';
import { toldExposure } from '../plans/stages.ts';
import type { RolloutView } from '../plans/view.ts';
import { ENDED } from '../plans/view.ts';
import { amendRefusal, describeChange, keepingSaid, planChanges } from '../rollout/amend.ts';
import type { Command } from '../rollout/command.ts';
import { drillRefusal } from '../rollout/drill-facts.ts';
import type {
  AmendEvent,
  DrillEvent,
  PersonEvent,
  Refusal,
  RolloutEvent,
  ToldEvent,
} from '../rollout/event.ts';
import { windowDeadline } from '../rollout/imagining.ts';
import { isWatching } from '../rollout/mode.ts';
import { lookRequest, toldRefusal } from '../rollout/observing.ts';
import { gateRequest } from '../rollout/progress.ts';
import { refusal } from '../rollout/refusals.ts';
import { followRequest } from '../rollout/required.ts';
import { openRollout, type RolloutState } from '../rollout/state.ts';
import { besideDeadline, decisionDeadline, nextDeadline, step } from '../rollout/step.ts';
import { stepsLeft } from '../rollout/steps.ts';
import { verifyRequest } from '../rollout/verification.ts';
import { viewOf } from '../rollout/view.ts';
import { apart } from './led-by.ts';
import type { Addressed, RolloutInput, RolloutStart } from './messages.ts';
import {
  actUpdate,
  alertSignal,
  amendUpdate,
  drillUpdate,
  gateSignal,
  killedSignal,
  type ToldShare,
  toldUpdate,
  viewQuery,
} from './messages.ts';
import { createPerformer } from './performer.ts';
import { steps } from './steps.ts';
import { stepsId } from './steps-id.ts';
import { verification, verificationId } from './verification.ts';

/**
 * One rollout: perform what the reducer asks for, wait for whatever comes first, step again. Time here is
 * Temporal's: `Date.now()` in a workflow is the time of the present task, the same in every replay.
 */
export async function rollout(input: RolloutInput): Promise<RolloutView> {
  let state = input.kind === 'continued' ? input.state : opened(input);
  let turns = 0;
  const performer = createPerformer(dispatch, input.kind === 'continued' ? input.unrecorded : []);

  function dispatch(event: RolloutEvent): JournalEntry[] {
    const [next, commands] = step(state, event, Date.now());
    state = next;
    turns += 1;
    for (const command of commands) performer.perform(command);
    return commands.flatMap(entriesOf);
  }

  function refuse(no: Refusal | null, rolloutId: string): void {
    const wrong: Refusal | null =
      rolloutId === state.id
        ? no
        : { code: 'ROLLOUT_OVER', message: `${rolloutId} is over; ${state.id} is active now` };
    if (wrong !== null) throw ApplicationFailure.nonRetryable(wrong.message, wrong.code);
  }

  setHandler(viewQuery, () => viewOf(state, Date.now()));
  setHandler(
    actUpdate,
    ({ message }) => {
      const entries = dispatch({ kind: 'person', ...message });
      // What waits for the flag is journaled once that has landed.
      const summary = entries.at(0)?.summary ?? 'The flag is being written.';
      return { summary, view: viewOf(state, Date.now()) };
    },
    {
      validator: ({ rolloutId, message }: Addressed<Omit<PersonEvent, 'kind'>>) =>
        refuse(refusal(state, { kind: 'person', ...message }), rolloutId),
    },
  );
  setHandler(
    amendUpdate,
    ({ message }) => {
      const changes = planChanges(state.plan, keepingSaid(state, message.plan)).map(describeChange);
      const entries = dispatch({ kind: 'amend', ...message });
      return { changes, summary: entries.at(0)?.summary ?? '', view: viewOf(state, Date.now()) };
    },
    {
      validator: ({ rolloutId, message }: Addressed<Omit<AmendEvent, 'kind'>>) =>
        refuse(amendRefusal(state, message), rolloutId),
    },
  );
  setHandler(
    drillUpdate,
    ({ message }) => {
      const entries = dispatch({ kind: 'drill', ...message });
      return { summary: entries.at(0)?.summary ?? '', view: viewOf(state, Date.now()) };
    },
    {
      validator: ({ rolloutId, message }: Addressed<Omit<DrillEvent, 'kind'>>) =>
        refuse(drillRefusal(state, message), rolloutId),
    },
  );
  const toldEvent = ({ percent, segments, ...told }: Omit<ToldEvent, 'kind' | 'exposure'> & ToldShare) => ({
    ...told,
    exposure: toldExposure(state.plan, percent, segments ?? undefined),
  });
  setHandler(
    toldUpdate,
    ({ message }) => {
      const entries = dispatch({ kind: 'told', ...toldEvent(message) });
      const summary = entries.at(0)?.summary ?? 'Nothing changes: this is what was told last.';
      return { summary, view: viewOf(state, Date.now()) };
    },
    {
      validator: ({ rolloutId, message }: Addressed<Omit<ToldEvent, 'kind' | 'exposure'> & ToldShare>) =>
        refuse(toldRefusal(state, toldEvent(message)), rolloutId),
    },
  );
  setHandler(killedSignal, ({ rolloutId, message }) => {
    if (rolloutId === state.id) dispatch({ kind: 'killed', ...message });
  });
  setHandler(alertSignal, ({ rolloutId, message }) => {
    if (rolloutId === state.id) dispatch({ kind: 'alert', ...message });
  });
  setHandler(gateSignal, ({ rolloutId, message }) => {
    if (rolloutId === state.id) dispatch({ kind: 'gate', ...message });
  });

  // Whoever cancels the workflow in Temporal wants the rollout to end: an exposure that nobody watches is no end.
  void apart(() =>
    CancellationScope.current().cancelRequested.catch(() => {
      dispatch({
        kind: 'person',
        action: state.plan.mode === 'observe' ? 'end' : 'rollback',
        by: 'temporal',
        roles: [],
        reason: 'the workflow was cancelled',
        accept: null,
        breakGlass: false,
      });
    }),
  );

  if (input.kind === 'start') dispatch({ kind: 'begin', notes: input.notes ?? [] });
  else resumeGate();

  function resumeGate(): void {
    const request = gateRequest(state);
    if (request !== null) performer.perform({ kind: 'watch', request });
    const look = lookRequest(state);
    if (look !== null) performer.perform({ kind: 'look', request: look });
    const others = followRequest(state);
    if (others !== null) performer.perform({ kind: 'follow', request: others });
  }

  /** In a workflow of its own, because it takes minutes and the flag's next rollout waits for this one's end. */
  async function verifyApart(): Promise<void> {
    try {
      await startChild(verification, {
        workflowId: verificationId(state.id),
        args: [{ state: { ...state, memory: null, question: null } }],
        parentClosePolicy: 'ABANDON',
      });
    } catch (error) {
      log.error('the rollback is not verified', { error: String(error) });
    }
  }

  /** In a workflow of its own, because it takes weeks and the flag's next rollout does not wait for them. */
  async function clearApart(): Promise<void> {
    await startChild(steps, {
      workflowId: stepsId(state.id),
      args: [{ state: { ...state, memory: null, question: null } }],
      parentClosePolicy: 'ABANDON',
    });
  }

  const over = () => ENDED.includes(state.phase);
  const next = await apart(() => CancellationScope.nonCancellable(run));
  if (next !== null) return continueAsNew<typeof rollout>(next);
  return viewOf(state, Date.now());

  /**
   * Histories of before the peers were read again beside other blockers know no timer for it, and those of before a plan that
   * only watches had all of its times know none for these.
   */
  function dueAt(now: number): number | null {
    if (isWatching(state)) {
      const due = decisionDeadline(state, now);
      const known = over() ? due : windowDeadline(state, now);
      return due === known || patched('watched-times') ? due : known;
    }
    const beside = besideDeadline(state, now) !== null && patched('peers-beside');
    return beside ? nextDeadline(state, now) : decisionDeadline(state, now);
  }

  async function run(): Promise<RolloutInput | null> {
    while (!over()) {
      const seen = turns;
      const due = dueAt(Date.now());
      const moved = () => turns !== seen;
      if (due === null) await condition(moved);
      else if (!(await condition(moved, Math.max(1, due - Date.now())))) dispatch({ kind: 'tick' });
      if (
        tooLong(input.historyLimit) &&
        !over() &&
        state.write === null &&
        performer.quiet() &&
        allHandlersFinished()
      ) {
        performer.stopWatching();
        performer.stopFollowing();
        return {
          kind: 'continued',
          state,
          unrecorded: performer.unrecorded(),
          historyLimit: input.historyLimit,
        };
      }
    }
    await condition(() => performer.idle() && allHandlersFinished());
    // Histories of before rollbacks were verified have none.
    if (verifyRequest(state) !== null && patched('verification')) await verifyApart();
    if (stepsLeft(state).length > 0) await clearApart();
    return null;
  }
}

function opened({ id, plan, submittedBy, origin, carried }: RolloutStart): RolloutState {
  return openRollout({
    id,
    plan,
    submittedBy,
    at: Date.now(),
    ...(origin === undefined ? {} : { origin }),
    ...(carried === undefined ? {} : { carried }),
    // Histories of before answers were counted from when a stage may open have other timers.
    hasty: !patched('answers-from-opening'),
  });
}

function tooLong(limit: number): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > limit;
}

function entriesOf(command: Command): JournalEntry[] {
  return command.kind === 'record' ? command.request.entries : [];
}
