import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { HistorySample, Reading, Rejection, Sample } from '../plans/sample.ts';
import { type Evidence, partsOf } from './evidence.ts';
import { enterStage, observe, openEvidence } from './gate.ts';
import { learning } from './history.ts';
import type { Quantiles } from './quantiles.ts';
import { enterAllQuantiles, observeAllQuantiles, openAllQuantiles } from './quantiles.ts';
import { faultsOf } from './soundness.ts';
import type { GateContext } from './stage.ts';
import { finished, type Steps } from './unhurried.ts';

/** A poll as it was stored: the sample, or none where the window was rejected, and what the gate said then. */
export interface StoredPoll {
  stage: string;
  /** End of the window in seconds since the rollout began; negative before it. */
  t: number;
  sample: Sample | HistorySample | null;
  assessment: Assessment | null;
}

/** Differences that a person has accepted, by metric, in force for the windows that end after `t`. */
export interface Accepted {
  t: number;
  values: Readonly<Record<string, number>>;
}

/** A plan that took the place of the one before, in force for the windows that end after `t`. */
export interface Amended {
  t: number;
  revision: number;
  plan: Plan;
}

/** What people have decided in the course of a rollout. */
export interface Decisions {
  accepted: readonly Accepted[];
  /** The oldest first. */
  amended: readonly Amended[];
  /** When a stage began again without another in between. */
  begun: readonly number[];
  /** Drills, whose failures are no evidence. `to` null: the rollout ended with it. */
  drills: readonly Drilled[];
}

/** Ends of windows, in seconds since the rollout began: those after `from` up to `to`. */
export interface Drilled {
  from: number;
  to: number | null;
}

/** One visit of a stage, as its gate had seen it at the end of its last window. */
export interface Visit {
  stage: string;
  /** The plan that judged its last window, and where it has the stage. */
  plan: Plan;
  planRevision: number;
  stageIndex: number;
  /** Counts from 1: a stage that was entered again has several. */
  visit: number;
  evidence: Evidence;
  context: GateContext;
  /** The gate's own last word, where it was stored. */
  recorded: Assessment | null;
  /** What its quantiles are compared by; the gate does not know it. */
  quantiles: Quantiles;
  /** Distinct users since the stage began, where the source knows them. */
  users: { baseline: number | null; canary: number | null };
}

/**
 * A recorded rollout through the gate's own analysis, poll by poll in the order of time: what it learns from the time
 * before, what it accepts and what it rejects are the same, so its evidence is that of the live gate; each poll is judged by
 * the plan that was in force. The values of a
 * limit's expression are not stored: the gate's own word on limits stands in `recorded`.
 */
export class Replay {
  #plans: readonly Amended[];
  #accepted: readonly Accepted[];
  /** Until the first poll of a stage. */
  #history: HistorySample[] = [];
  readonly #visits: Visit[] = [];
  /** Of an earlier rollout of the same build; null: it began without any. */
  readonly #carried: Evidence | null;
  #begun: readonly number[];
  #drills: readonly Drilled[];
  /** What was known before the present drill; null: none runs. */
  #undrilled: Evidence | null = null;
  readonly #visitAt = new Map<number, number>();
  readonly #clocks = new Map<string, number[]>();
  #last = Number.NEGATIVE_INFINITY;
  #opened: Quantiles = {};
  #learnt: Pick<GateContext, 'dispersion' | 'edgeDispersion' | 'edges'> | null = null;

  /** `plan`: as it was submitted. `carried`: the evidence that it went on with. */
  constructor(
    plan: Plan,
    {
      accepted = [],
      amended = [],
      begun = [],
      drills = [],
      carried = null,
    }: Partial<Decisions> & { carried?: Evidence | null } = {},
  ) {
    this.#begun = begun;
    this.#drills = drills;
    this.#carried = carried;
    // Polls of an earlier rollout have no time in this one.
    for (const [name, { process }] of carried === null ? [] : partsOf(carried))
      this.#clocks.set(name, new Array<number>(process.clock));
    this.#plans = [{ t: Number.NEGATIVE_INFINITY, revision: 1, plan }, ...amended];
    this.#accepted = accepted;
  }

  /** What people have decided by now. Only what is in force after the last poll may differ from what was known before. */
  decide({ accepted, amended, begun, drills }: Decisions): void {
    this.#begun = begun;
    this.#drills = drills;
    this.#plans = [...this.#plans.slice(0, 1), ...amended];
    this.#accepted = accepted;
  }

  /** Learns from the time before, a curve a step, for the first poll, which ends at `t`; that does it else, at once. */
  *learning(t: number): Steps<void> {
    if (this.#learnt !== null) return;
    const { plan } = this.#inForce(t);
    const learnt = yield* learning(plan, this.#history);
    this.#opened = yield* openAllQuantiles(plan, this.#history);
    this.#learnt = learnt;
    this.#history = [];
  }

  /** The present plan. */
  get plan(): Plan {
    return this.#inForce(Number.POSITIVE_INFINITY).plan;
  }

  /** Visits so far, in the order of time. */
  get visits(): readonly Visit[] {
    return this.#visits;
  }

  /** The visit that the poll with its end at `t` belongs to; null: none. */
  visitAt(t: number): Visit | null {
    return this.#visits[this.#visitAt.get(t) ?? -1] ?? null;
  }

  /** What stands of all that was seen: without a drill that the rollout ended with. Null: nothing was seen. */
  get standing(): Evidence | null {
    return this.#undrilled ?? this.#visits.at(-1)?.evidence ?? this.#carried;
  }

  /** End of the last window of a stage, in seconds since the rollout began; 0: there was none. */
  get until(): number {
    return Math.max(0, this.#last);
  }

  /** What was measured before the rollout, by metric. */
  get learnt(): Pick<GateContext, 'dispersion' | 'edgeDispersion' | 'edges'> {
    return this.#learnt ?? {};
  }

  /** The next poll; gives the visit that it belongs to. Null: the time before, no time, or a stage that the plan lacks. */
  add(poll: StoredPoll): Visit | null {
    const { sample } = poll;
    if (!Number.isFinite(poll.t)) return null;
    if (poll.stage === 'history' || poll.t < 0) {
      if (sample !== null && !('canary' in sample)) this.#history.push(sample);
      return null;
    }
    const { plan, revision } = this.#inForce(poll.t);
    const stageIndex = plan.stages.findIndex(({ name }) => name === poll.stage);
    if (stageIndex < 0) return null;
    finished(this.learning(poll.t));
    const known = this.#visits.at(-1);
    const at = { plan, planRevision: revision, stageIndex };
    const again = this.#begun.some((t) => this.#last <= t && t < poll.t);
    const before = known?.stage === poll.stage && !again ? known : this.#enter(poll.stage, at);
    const context = this.#context(stageIndex, poll.t);
    const standing = this.#withoutDrill(before, at, poll.t);
    const evidence = observe(standing, plan, readingOf(poll), context);
    const taken = evidence.t === standing.t ? null : soundSample(poll);
    const now: Visit = {
      ...before,
      ...at,
      evidence,
      context,
      quantiles: observeAllQuantiles(before.quantiles, plan, taken),
      recorded: poll.assessment,
      users: usersAfter(before.users, taken),
    };
    this.#visits[this.#visits.length - 1] = now;
    this.#visitAt.set(poll.t, this.#visits.length - 1);
    this.#last = poll.t;
    this.#clock(evidence, poll.t);
    return now;
  }

  /** End of the window that was poll number `clock` (from 1) in the evidence of a metric, or of `errors{tier=enterprise}`; null: not known. */
  windowAt(part: string, clock: number): number | null {
    return this.#clocks.get(part)?.[clock - 1] ?? null;
  }

  /** The plan that judged the windows that end at `t`. */
  #inForce(t: number): Amended {
    const found = this.#plans.findLast((one) => one.t < t);
    if (found === undefined) throw new Error('no plan was in force');
    return found;
  }

  #enter(stage: string, at: Pick<Visit, 'plan' | 'planRevision' | 'stageIndex'>): Visit {
    const { plan, stageIndex } = at;
    const last = this.#visits.at(-1);
    const before = last?.evidence ?? this.#carried ?? openEvidence(plan);
    const quantiles = enterAllQuantiles(last?.quantiles ?? this.#opened);
    const visit: Visit = {
      stage,
      ...at,
      visit: this.#visits.filter((one) => one.stage === stage).length + 1,
      evidence: enterStage(before, plan, stageIndex),
      context: { stageIndex },
      recorded: null,
      quantiles,
      users: { baseline: null, canary: null },
    };
    this.#visits.push(visit);
    return visit;
  }

  /** The evidence before the poll that ends at `t`: after a drill the stage goes on from what was known before it. */
  #withoutDrill(
    { evidence }: Visit,
    { plan, stageIndex }: Pick<Visit, 'plan' | 'stageIndex'>,
    t: number,
  ): Evidence {
    const runs = this.#drills.some(({ from, to }) => from < t && (to === null || t <= to));
    const before = this.#undrilled;
    if (runs) this.#undrilled = before ?? evidence;
    else this.#undrilled = null;
    return runs || before === null ? evidence : enterStage(before, plan, stageIndex);
  }

  #context(stageIndex: number, t: number): GateContext {
    const acceptances = Object.assign(
      {},
      ...this.#accepted.filter((one) => one.t < t).map(({ values }) => values),
    ) as Record<string, number>;
    return { stageIndex, acceptances, ...this.#learnt };
  }

  /** Ages of evidence count the polls that were any: here is when each of them was. */
  #clock(evidence: Evidence, t: number): void {
    for (const [name, { process }] of partsOf(evidence)) {
      const times = this.#clocks.get(name) ?? [];
      if (times.length === process.clock) continue;
      // Evidence that began again counts anew.
      times.length = Math.max(0, Math.min(times.length, process.clock - 1));
      times.push(t);
      this.#clocks.set(name, times);
    }
  }
}

/** What a gate has taken as evidence of a poll; null: nothing, or what it refused. */
export function soundSample({ sample }: Pick<StoredPoll, 'sample'>): Sample | null {
  return sample !== null && 'canary' in sample && faultsOf(sample).length === 0 ? sample : null;
}

function usersAfter(before: Visit['users'], sample: Sample | null): Visit['users'] {
  if (sample === null) return before;
  return {
    baseline: sample.baseline.users ?? before.baseline,
    canary: sample.canary.users ?? before.canary,
  };
}

/** Why a window was rejected stands in what the gate said of it. */
function readingOf({ sample, t, assessment }: StoredPoll): Reading {
  if (sample !== null && 'canary' in sample) return { kind: 'sample', sample, expressions: {}, queries: [] };
  const rejections = assessment?.holding.flatMap((one) => (one.kind === 'data' ? one.rejections : [])) ?? [];
  const unknown: Rejection = { kind: 'source-down', detail: 'why is not recorded' };
  return { kind: 'rejected', t, rejections: rejections.length > 0 ? rejections : [unknown], queries: [] };
}
