import { carriedEvidence } from '../analysis/carried.ts';
import type { Evidence } from '../analysis/evidence.ts';
import { learn } from '../analysis/history.ts';
import type { StoredPoll } from '../analysis/replay.ts';
import { withoutSlices } from '../analysis/without-slices.ts';
import type { Assessment } from '../plans/assessment.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import type { HistorySample, Reading, Sample } from '../plans/sample.ts';
import { goneSlices } from '../plans/slices.ts';
import { missing, person, unbound } from './as-recorded.ts';
import { BacktestNotes } from './backtest-notes.ts';
import { type BacktestOutcome, severityOf } from './backtest-outcome.ts';
import type { Command, GateRequest } from './command.ts';
import type { GateMemory, RolloutEvent } from './event.ts';
import { overdue, reportKey } from './report.ts';
import { openRollout, type PauseKind, type RolloutState } from './state.ts';
import { step } from './step.ts';
import { assessGate, beginGate, observeWindow } from './watching.ts';

/** Pauses that end by themselves: a backtest goes on with the data that come after. */
const PASSING: readonly PauseKind[] = ['no-data', 'stepped-back', 'person'];
/** A gap of more polls than this is a source that was away. */
const GAP = 2.5;

/**
 * One recorded rollout in virtual time, through the same reducer and the same analysis as a live one. Stages and their
 * times are the trace's: approvals count as given, windows as open, and a stage that the trace leaves is left. What
 * the flag's store would answer is answered at once.
 */
export class Backtest {
  readonly #plan: Plan;
  readonly #rollout: string;
  #state: RolloutState;
  #history: HistorySample[] | null = [];
  #now = 0;
  #t: number | null = null;
  #gate: GateRequest | null = null;
  #memory: GateMemory | null = null;
  #learnt: Pick<GateMemory, 'learnt'> = {};
  #revision = 0;
  #advance: Extract<Command, { kind: 'write' }>['request'] | null = null;
  #last: Assessment | null = null;
  readonly #notes: BacktestNotes;
  #outcome: BacktestOutcome | null = null;
  readonly #polls: StoredPoll[] | null;

  /** What it goes on with of an earlier rollout of the same build; null: nothing. */
  readonly carried: Evidence | null;

  /** `keep`: its polls are kept, to be drawn. */
  constructor(
    plan: Plan,
    rollout: string,
    { keep = false, carried = null }: { keep?: boolean; carried?: Evidence | null } = {},
  ) {
    this.#plan = unbound(plan);
    this.#notes = new BacktestNotes(plan);
    this.#rollout = rollout;
    this.#polls = keep ? [] : null;
    this.carried = carried;
    this.#state = openRollout({
      id: rollout,
      plan: this.#plan,
      submittedBy: { by: 'trace', roles: [] },
      at: 0,
      ...(carried === null ? {} : { carried }),
    });
  }

  /** What it has left against its build, for the next rollout of that. */
  get left(): Evidence | null {
    const evidence = (this.#memory ?? this.#gate?.memory)?.evidence;
    return evidence === undefined ? this.carried : carriedEvidence(evidence, this.#plan);
  }

  /** The polls that its gates have judged, and those of the time before. */
  get polls(): readonly StoredPoll[] {
    return this.#polls ?? [];
  }

  /** A poll of the time before; after the first sample it comes too late and says nothing. */
  addHistory(sample: HistorySample): void {
    if (this.#history === null) return;
    this.#history.push(sample);
    this.#polls?.push({ stage: sample.stage, t: sample.t, sample, assessment: null });
  }

  /** The next poll, in the order of time. Once the outcome stands it changes nothing. */
  addSample(sample: Sample): void {
    if (this.#outcome !== null && !this.#isPausedIn(sample.stage)) return;
    const stage = this.#plan.stages.findIndex(({ name }) => name === sample.stage);
    if (this.#history !== null) this.#begin();
    this.#notes.saw(sample.stage);
    this.#reach(stage);
    this.#lose(sample.t);
    // Who is off by now is still there in the trace; a running rollout reads nothing more of them.
    const left = withoutSlices(sample, goneSlices(this.#gate?.plan ?? this.#plan));
    this.#observe({ kind: 'sample', sample: left, expressions: {}, queries: [] });
  }

  /** A soft stop goes on being watched, and may become a hard one. */
  #isPausedIn(stage: string): boolean {
    const found = this.#outcome;
    return (
      found?.severity === 'soft' &&
      found.outcome === 'paused' &&
      found.stage === stage &&
      found.worsened === undefined
    );
  }

  /** Windows that are missing before one that ends at `until`: the first, that after which the plan pauses, and the last. */
  #lose(until: number): void {
    const from = this.#t;
    const { poll } = this.#plan.source;
    if (from === null || until - from <= GAP * poll) return;
    const pause = from + Math.ceil(this.#plan.policy.noData.after / poll) * poll;
    // How long nothing was known is what counts.
    for (const t of [from + poll, pause, until - poll]) if (t <= until - poll) this.#observe(missing(t));
  }

  /** The outcome; without a stop it is that of the trace's end. */
  finish(): BacktestOutcome {
    if (this.#outcome !== null) return this.#outcome;
    const last = this.#last;
    if (last !== null && last.verdict !== 'pass') this.#notes.held(last);
    return {
      rollout: this.#rollout,
      outcome: 'completed',
      stage: last?.stage ?? '',
      t: this.#t ?? 0,
      metric: null,
      severity: null,
      lnE: last?.lnE ?? 0,
      estimate: null,
      reason: last?.reason ?? 'the trace holds no polls',
      ...this.#notes.noted,
      unseen: this.#notes.unseen,
    };
  }

  /** Waits for nobody any more: the history is learnt from and let go of. */
  #begin(): void {
    if (this.#history !== null && this.#history.length > 0)
      this.#learnt = { learnt: learn(this.#plan, this.#history) };
    this.#history = null;
    this.#send({ kind: 'begin' });
    this.#send({ kind: 'peers', older: [] });
  }

  /** Takes the rollout to the stage that the trace is in, through the gates as they stood. */
  #reach(stage: number): void {
    for (let guard = 0; guard <= this.#plan.stages.length && this.#outcome === null; guard++) {
      if (this.#state.stage === stage) return;
      if (this.#state.stage > stage) {
        this.#send(person('step-back'));
        this.#send(person('resume'));
        continue;
      }
      if (this.#advance === null && this.#gate !== null) this.#leave(this.#gate);
      if (this.#state.waitingSince !== null) this.#send(person('approve', 'whoever was asked'));
      const write = this.#advance;
      this.#advance = null;
      if (write !== null) this.#written(write.id);
    }
  }

  /** The trace goes on although this gate has not passed. */
  #leave(gate: GateRequest): void {
    const memory = this.#memory ?? beginGate(gate);
    const seen = this.#last?.stage === this.#plan.stages[gate.stage]?.name ? this.#last : null;
    if (seen !== null && seen.verdict !== 'pass') this.#notes.held(seen);
    const assessment = seen ?? assessGate(memory, gate, true);
    this.#report(gate, memory, { ...assessment, verdict: 'pass', holding: [], limits: [] });
  }

  #observe(reading: Reading): void {
    const gate = this.#gate;
    if (gate === null || (this.#outcome !== null && !this.#isPausedIn(this.#outcome.stage))) return;
    const t = reading.kind === 'sample' ? reading.sample.t : reading.t;
    this.#t = t;
    this.#now = t * 1000;
    const memory = observeWindow(this.#memory ?? { ...beginGate(gate), ...this.#learnt }, gate, {
      reading,
      to: t,
    });
    this.#memory = memory;
    const assessment = assessGate(memory, gate, true);
    this.#last = assessment;
    if (assessment.verdict !== 'no-data') this.#notes.found(assessment);
    const sample = reading.kind === 'sample' ? reading.sample : null;
    this.#polls?.push({ stage: assessment.stage, t, sample, assessment });
    this.#report(gate, memory, assessment);
  }

  #report(gate: GateRequest, memory: GateMemory, assessment: Assessment): void {
    const report = {
      assessment,
      memory,
      queries: [],
      flag: null,
      overdue: overdue(gate.plan, gate.stage, assessment, this.#now / 1000 - gate.stageSince / 1000),
      reverted: false,
    };
    // As live: the reducer hears of a gate when there is something new to decide.
    if (reportKey(report, gate.expected) === gate.key) return;
    const known = this.#state.excluded?.length ?? 0;
    this.#send({ kind: 'gate', gate: gate.id, report });
    this.#notes.excluded((this.#state.excluded ?? []).slice(known), assessment);
    if (this.#outcome === null) this.#judge(assessment);
    else if (this.#state.phase === 'rolled-back')
      this.#outcome = { ...this.#outcome, worsened: { t: assessment.t, reason: assessment.reason } };
  }

  #judge(assessment: Assessment): void {
    const { phase, pause } = this.#state;
    if (pause !== null && assessment.verdict === 'no-data') this.#notes.lost(assessment);
    const grave = pause?.causes.find(({ kind }) => !PASSING.includes(kind));
    const stopped = assessment.verdict === 'hard' || assessment.verdict === 'soft';
    if (phase !== 'rolled-back' && grave === undefined && !stopped) {
      // Data that came back, and a pause for their absence: a person would let it go on.
      if (pause !== null && assessment.verdict !== 'no-data') this.#send(person('resume'));
      return;
    }
    const severity = severityOf(
      assessment,
      phase === 'rolled-back' ? 'hard' : grave?.kind === 'overdue' ? null : 'soft',
    );
    const { metric, slice } = assessment;
    this.#outcome = {
      rollout: this.#rollout,
      outcome: phase === 'rolled-back' ? 'rolled-back' : 'paused',
      stage: assessment.stage,
      t: assessment.t,
      metric,
      ...(slice === undefined ? {} : { slice }),
      severity,
      lnE: assessment.lnE,
      estimate:
        assessment.metrics.find((one) => one.metric === metric && one.slice === slice)?.estimate ?? null,
      reason: assessment.reason,
      ...this.#notes.noted,
      unseen: [],
    };
  }

  #send(event: RolloutEvent): void {
    const [state, commands] = step(this.#state, event, this.#now);
    this.#state = state;
    for (const command of commands) this.#perform(command);
  }

  #perform(command: Command): void {
    switch (command.kind) {
      case 'claim':
        this.#send({
          kind: 'claimed',
          id: command.request.id,
          revision: this.#revision,
          epoch: 1,
          exposure: NO_EXPOSURE,
        });
        return;
      case 'write':
        // The stage after is the trace's to begin; what lowers is in force at once.
        if (command.request.direction === 'raise' && this.#state.write?.purpose === 'advance')
          this.#advance = command.request;
        else this.#written(command.request.id);
        if (this.#state.stage < 0 && this.#advance !== null) {
          const first = this.#advance;
          this.#advance = null;
          this.#written(first.id);
        }
        return;
      case 'watch':
        this.#watch(command.request);
        return;
      case 'unwatch':
        this.#gate = null;
        return;
      case 'peers':
        this.#send({ kind: 'peers', older: [] });
        return;
      case 'follow':
      case 'unfollow':
      case 'look':
      case 'release':
      case 'save-plan':
      case 'afterword':
      case 'record':
      case 'check':
      // A trace holds no labels to search.
      case 'explain':
        return;
    }
  }

  /** A gate goes on with all that was seen until now. */
  #watch(request: GateRequest): void {
    const same = this.#gate?.stageSince === request.stageSince && this.#gate.stage === request.stage;
    this.#gate = { ...request, memory: this.#memory ?? request.memory };
    if (!same) this.#memory = null;
  }

  #written(id: number): void {
    const before = this.#revision;
    this.#revision += 1;
    this.#send({ kind: 'written', id, before, after: this.#revision, epoch: 1 });
  }
}
