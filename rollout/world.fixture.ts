import type { Evidence } from '../analysis/evidence.ts';
import { openEvidence } from '../analysis/gate.ts';
import type { Assessment, Verdict } from '../plans/assessment.ts';
import {
  type Exposure,
  leavingOut,
  leftOut,
  NO_EXPOSURE,
  sameExposure,
  withinExposure,
} from '../plans/exposure.ts';
import type { JournalEntry, Notification } from '../plans/journal.ts';
import type { Origin } from '../plans/origin.ts';
import { Plan } from '../plans/plan.ts';
import type { RequiredSight } from '../plans/requires.ts';
import type {
  ChecksRequest,
  ClaimRequest,
  Command,
  GateRequest,
  LookRequest,
  WriteRequest,
} from './command.ts';
import type { GateReport, PersonAction, RolloutEvent } from './event.ts';
import { GATE_AUTHOR } from './flag.ts';
import { openRollout, type RolloutState } from './state.ts';
import { nextDeadline, step } from './step.ts';
import { beginGate } from './watching.ts';

/** A plan with every kind of condition, short enough for random orders to reach its end. */
export function planOf(more: object = {}): Plan {
  return Plan.parse({
    metadata: { name: 'pricing', service: 'shop' },
    flag: { key: 'pricing' },
    metrics: [
      { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', hard: '+0.5pp', weight: 1 },
    ],
    stages: [
      { name: 'internal', audience: { segments: ['employees'] }, bake: '10s' },
      { name: '1%', percent: 1, bake: '10s' },
      { name: '5%', percent: 5, bake: '10s', approval: { roles: ['on-call'] } },
      { name: '100%', percent: 100, bake: '10s' },
      { name: 'decommission', decommission: { cleanFor: '10s' }, bake: '10s' },
    ],
    approvals: { start: { roles: ['lead'] } },
    ...more,
    policy: { sharedService: 'note', ...('policy' in more ? (more.policy as object) : {}) },
  });
}

/** The rollout that plans of tests require something of, at a share; null: it was rolled back. */
export function other(share: number | null): RequiredSight {
  const stage = share === null ? '25%' : `${share}%`;
  return {
    rollout: 'checkout',
    environment: 'production',
    id: 'checkout-1',
    phase: share === null ? 'rolled-back' : 'active',
    stage,
    entered: share === null ? [] : [stage],
    percent: share ?? 0,
    served: share !== null,
    top: 100,
    why: share === null ? 'errors' : null,
  };
}

export function assessment(verdict: Verdict, more: Partial<Assessment> = {}): Assessment {
  return {
    verdict,
    stage: 's',
    t: 1,
    lnE: verdict === 'pass' ? 0 : 5,
    threshold: 4.6,
    metric: null,
    reason: verdict,
    metrics: [],
    limits: [],
    holding: [],
    polls: { used: 1, ignored: 0, rejected: 0 },
    warnings: [],
    ...more,
  };
}

/** Polls that an earlier rollout of the same build has left as evidence against it. */
const LEFT = 7;

/** As an earlier rollout of the build would have left it. */
export function leftEvidence(plan: Plan): Evidence {
  const evidence = openEvidence(plan);
  const metrics = Object.entries(evidence.metrics).map(
    ([name, known]) => [name, { ...known, process: { ...known.process, clock: LEFT } }] as const,
  );
  return { ...evidence, metrics: Object.fromEntries(metrics) };
}

/** Whether evidence is still that of `leftEvidence`, or more. */
export function hasLeft({ metrics, aside = {} }: Evidence): boolean {
  return [...Object.values(metrics), ...Object.values(aside)].some(({ process }) => process.clock >= LEFT);
}

interface Flag {
  revision: number;
  exposure: Exposure;
  epoch: number;
  owner: string | null;
  latched: boolean;
  /** Where the flag goes back to by itself; null: nowhere. */
  fallback: Exposure | null;
  lapsed: boolean;
  /** Who made the present revision, where that is not the rollout. */
  by?: string;
}

/** The world around one rollout, with the rules of the flag store, and every answer held back until it is let go. */
export class World {
  state: RolloutState;
  now = 1_000_000;
  flag: Flag = {
    revision: 1,
    exposure: NO_EXPOSURE,
    epoch: 1,
    owner: null,
    latched: false,
    fallback: null,
    lapsed: false,
  };
  readonly journal: JournalEntry[] = [];
  /** What channels are told. */
  readonly messages: Notification[] = [];
  readonly commands: Command[] = [];
  readonly pending: (ClaimRequest | WriteRequest)[] = [];
  readonly answers: RolloutEvent[] = [];
  /** Checks that nobody has answered. */
  asked: ChecksRequest | null = null;
  gate: GateRequest | null = null;
  /** What is looked at in place of a gate, by a plan that only watches. */
  look: LookRequest | null = null;
  /** Where the rollout is that the plan requires something of. */
  share: number | null = 25;
  /** Called with the state before, the event and what it led to. */
  readonly watchers: ((before: RolloutState, event: RolloutEvent, commands: Command[]) => void)[] = [];

  /** Whether `settle` answers where the other rollout is. */
  readonly requires: boolean;

  constructor(plan: Plan, origin?: Origin) {
    this.requires = plan.requires?.some(({ rollout }) => rollout === 'checkout') === true;
    this.state = openRollout({
      id: 'pricing-1',
      plan,
      submittedBy: { by: 'sam', roles: ['lead'] },
      at: this.now,
      ...(origin === undefined ? {} : { origin }),
      ...(origin?.kind === 'retry' && origin.carried !== undefined ? { carried: leftEvidence(plan) } : {}),
    });
  }

  event(event: RolloutEvent): Command[] {
    const before = this.state;
    const [state, commands] = step(before, event, this.now);
    this.state = state;
    for (const command of commands) this.take(command);
    for (const watcher of this.watchers) watcher(before, event, commands);
    return commands;
  }

  private take(command: Command): void {
    this.commands.push(command);
    if (command.kind === 'claim' || command.kind === 'write') this.pending.push(command.request);
    if (command.kind === 'watch') this.gate = command.request;
    if (command.kind === 'check') this.asked = command.request;
    if (command.kind === 'look') this.look = command.request;
    if (command.kind === 'watch' || command.kind === 'unwatch') this.look = null;
    if (command.kind === 'unwatch' || command.kind === 'look') this.gate = null;
    if (command.kind === 'record') {
      this.journal.push(...command.request.entries);
      this.messages.push(...command.request.notifications);
    }
    if (command.kind === 'release' && this.flag.owner === this.state.id)
      this.flag = { ...this.flag, owner: null, fallback: null, lapsed: false };
  }

  /** One write reaches the store, in any order; its answer is only on its way. */
  land(index: number): void {
    const [request] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (request !== undefined)
      this.answers.push('shape' in request ? this.claim(request) : this.write(request));
  }

  /** One write is lost before it reached the store. */
  lose(index: number): void {
    const [request] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    if (request !== undefined)
      this.answers.push({ kind: 'write-failed', id: request.id, detail: 'PostgreSQL does not answer' });
  }

  /** A lowering write stands on disk only, PostgreSQL being away for a moment; it gets its revision afterwards. */
  offline(index: number): void {
    const at = index % Math.max(1, this.pending.length);
    const request = this.pending[at];
    if (request === undefined || 'shape' in request || request.direction !== 'lower') return;
    this.pending.splice(at, 1);
    this.answers.push({ kind: 'written', id: request.id, before: null, after: null, epoch: null });
    this.write(request);
  }

  answer(index: number): void {
    const [event] = this.answers.splice(index % Math.max(1, this.answers.length), 1);
    if (event !== undefined) this.event(event);
  }

  private claim({ id }: ClaimRequest): RolloutEvent {
    if (this.flag.latched) return this.refused(id, 'latched');
    if (this.flag.owner !== null && this.flag.owner !== this.state.id) return this.refused(id, 'owned');
    this.flag = { ...this.flag, owner: this.state.id, epoch: this.flag.epoch + 1 };
    return {
      kind: 'claimed',
      id,
      revision: this.flag.revision,
      epoch: this.flag.epoch,
      exposure: this.flag.exposure,
    };
  }

  private write(request: WriteRequest): RolloutEvent {
    const { id, exposure, direction, epoch, expectedRevision } = request;
    if (this.flag.owner !== this.state.id) return this.refused(id, 'not-owner');
    // A step down that somebody has overtaken from below would be one up: the store judges what it does.
    if (direction === 'raise' || !withinExposure(exposure, this.flag.exposure)) {
      if (this.flag.latched) return this.refused(id, 'latched');
      if (epoch !== this.flag.epoch) return this.refused(id, 'stale-epoch');
      if (expectedRevision !== null && expectedRevision !== this.flag.revision)
        return this.refused(id, 'drift');
    }
    const before = this.flag.revision;
    const fallback = request.lease?.fallback ?? null;
    const shuts = request.final === true && epoch === this.flag.epoch;
    if (shuts || !sameExposure(exposure, this.flag.exposure)) {
      const after = { revision: before + 1, epoch: this.flag.epoch + (request.final === true ? 1 : 0) };
      const { by: _by, ...flag } = this.flag;
      this.flag = { ...flag, exposure, fallback, lapsed: false, ...after };
    } else if (expectedRevision === null || expectedRevision === before) {
      this.flag = { ...this.flag, fallback };
    }
    return { kind: 'written', id, before, after: this.flag.revision, epoch: this.flag.epoch };
  }

  private refused(
    id: number,
    why: 'latched' | 'owned' | 'not-owner' | 'stale-epoch' | 'drift',
  ): RolloutEvent {
    const { revision, exposure, owner, latched, lapsed } = this.flag;
    const latch = latched ? { latchedBy: 'kim', latchReason: 'kill' } : { latchedBy: null };
    const lapse = lapsed ? { lapsedAt: 0 } : {};
    return { kind: 'write-refused', id, why, revision, exposure, owner, ...latch, ...lapse };
  }

  /** The kill of another process: the flag first, the workflow second. */
  kill(): void {
    const { by: _by, ...flag } = this.flag;
    this.flag = {
      ...flag,
      exposure: NO_EXPOSURE,
      revision: this.flag.revision + 1,
      epoch: this.flag.epoch + 1,
      latched: true,
      fallback: null,
      lapsed: false,
    };
  }

  /** The gate takes somebody off by itself, since nobody answers it. */
  takeOffAlone(who: string): void {
    const { exposure, revision, owner, latched } = this.flag;
    const without = leavingOut(exposure, [...leftOut(exposure), who]);
    if (owner !== this.state.id || latched || sameExposure(without, exposure)) return;
    this.flag = { ...this.flag, exposure: without, revision: revision + 1, fallback: null, by: GATE_AUTHOR };
  }

  /** Somebody moves the flag by hand. */
  drift(percent: number, segments: string[] = []): void {
    const { by: _by, ...flag } = this.flag;
    this.flag = {
      ...flag,
      exposure: { percent, segments, variant: null },
      revision: this.flag.revision + 1,
      fallback: null,
      lapsed: false,
    };
  }

  /** Nobody has renewed the lease in its time: the flag has gone back by itself. */
  lapse(): void {
    const { fallback, revision, by: _by, ...flag } = this.flag;
    if (fallback === null) return;
    this.flag = { ...flag, exposure: fallback, revision: revision + 1, fallback: null, lapsed: true };
  }

  report(of: Assessment, more: Partial<GateReport> = {}): void {
    if (this.gate === null) return;
    const { revision, exposure, latched, lapsed } = this.flag;
    const { id } = this.gate;
    const memory = beginGate(this.gate);
    const latch = latched ? { by: 'kim', reason: 'kill' } : null;
    const by = this.flag.by === undefined ? {} : { by: this.flag.by };
    const flag = { revision, exposure, latch, ...by, ...(lapsed ? { lapsedAt: 0 } : {}) };
    this.event({
      kind: 'gate',
      gate: id,
      report: { assessment: of, memory, queries: ['q'], flag, overdue: false, reverted: false, ...more },
    });
  }

  /** The look at a flag that others move finds it moved. */
  sees(by?: string): void {
    const { revision, exposure } = this.flag;
    if (this.look === null || sameExposure(exposure, this.look.served)) return;
    const sight = { revision, exposure, latch: null, ...(by === undefined ? {} : { by }) };
    this.event({ kind: 'seen', look: this.look.id, sight });
  }

  /** Somebody tells what others serve. */
  tell(sequence: number, percent: number, more: { mover?: string; at?: number } = {}): Command[] {
    const exposure = { percent, segments: [], variant: null };
    const { mover = null, at = null } = more;
    return this.event({ kind: 'told', by: 'ci', roles: [], sequence, exposure, mover, at });
  }

  /** The checks that are out answer: as expected, or not. */
  check(ok: boolean): void {
    const { asked } = this;
    if (asked === null) return;
    this.asked = null;
    const answers = asked.checks.map(({ name }) => ({
      name,
      asked: name,
      ok,
      came: ok ? 'as expected' : 'something else',
      seconds: 1,
      tries: 1,
    }));
    this.event({ kind: 'checked', run: asked.run, answers });
  }

  /** What follows the other rollout answers: it is there, or was rolled back. */
  others(share: number | null): void {
    this.share = share;
    const { follow } = this.state;
    if (follow != null) this.event({ kind: 'required', follow: follow.id, sights: [other(share)] });
  }

  person(action: PersonAction, by = 'kim', roles = ['lead', 'on-call']): Command[] {
    return this.event({
      kind: 'person',
      action,
      by,
      roles,
      reason: 'because',
      accept: null,
      breakGlass: false,
    });
  }

  /** Lets everything that is out arrive, and time pass where only time is missing. */
  settle(): void {
    const asks = () => this.requires && this.state.follow?.asking === true;
    const out = () => this.pending.length > 0 || this.answers.length > 0 || this.asked !== null || asks();
    for (let round = 0; round < 200 && (out() || this.state.phase === 'reverting'); round += 1) {
      while (this.pending.length > 0) this.land(0);
      while (this.answers.length > 0) this.answer(0);
      this.check(true);
      if (asks()) this.others(this.share);
      if (this.state.phase === 'reverting' && this.pending.length === 0) this.tick();
    }
  }

  tick(): void {
    this.now = Math.max(this.now + 1, nextDeadline(this.state, this.now) ?? this.now + 1_000);
    this.event({ kind: 'tick' });
  }
}
