import type { Approval } from '../plans/approval.ts';
import type { Assessment, Holding } from '../plans/assessment.ts';
import type { Forecast } from '../plans/forecast.ts';
import { leastTime, openingOf, plannedTime } from '../plans/least-time.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { approvalFor, stageExposure } from '../plans/stages.ts';
import type { RolloutView } from '../plans/view.ts';
import { moment } from '../plans/words.ts';
import { approvalsTo, presentStage } from './origin.ts';

/** Standard errors that a proof that holds at every moment takes, about. */
const PROOF = 3;

/** What a forecast goes by. */
export interface Known {
  plan: Plan;
  view: RolloutView;
  /** The latest look of the gate; null: there is none. */
  assessment: Assessment | null;
  /** The latest window of the gate; null: it had none. */
  sample: Pick<Sample, 'canary'> | null;
  now: number;
}

/** Two clocks that walk the stages: one as fast as the plan lets it, one at the rate of the present traffic. */
interface Walk {
  earliest: number;
  expected: number | null;
  waitsFor: string[];
}

/**
 * When the rollout is at 100 %, or over where it is there: from the plan's times and windows, where it stands, and how fast the
 * present evidence grows. People are taken to answer at once and checks to pass; both are named. Null: it goes nowhere.
 */
export function forecast(known: Known): Forecast | null {
  const { plan, view } = known;
  if (!isMoving(view)) return null;
  const present = presentStage(plan, view);
  const last = plan.stages.findLastIndex(({ decommission }) => decommission === undefined);
  const full = plan.stages.findIndex(({ percent }) => percent === 100);
  const top = full >= 0 ? full : last;
  const goal = present < top ? top : plan.stages.length;
  const walk = leave(known, present);
  for (let index = present; index < goal; index += 1) {
    if (index > present) dwell(walk, known, index);
    if (index + 1 >= plan.stages.length) break;
    advance(walk, known, { index, present });
  }
  if (goal === plan.stages.length && plan.stages.at(-1)?.decommission !== undefined)
    walk.waitsFor.push('a person who confirms the point of no return');
  const { earliest, expected, waitsFor } = walk;
  return {
    goal: plan.stages[goal]?.name ?? null,
    earliest,
    expected: expected === null ? null : Math.max(earliest, expected),
    waitsFor,
  };
}

/** When the next stage opens. `at` in ms since 1970; null: it is not known. */
export interface NextOpening {
  index: number;
  at: number | null;
  /** What stands before it, in order. */
  waitsFor: string[];
}

/** The stage that opens next, and when: null where none does. People are taken to answer at once, and are named. */
export function nextOpening(known: Known): NextOpening | null {
  const { plan, view } = known;
  const present = presentStage(plan, view);
  if (!isMoving(view) || present + 1 >= plan.stages.length) return null;
  const walk = leave(known, present);
  advance(walk, known, { index: present, present });
  const { expected, earliest, waitsFor } = walk;
  return { index: present + 1, at: expected === null ? null : Math.max(earliest, expected), waitsFor };
}

function isMoving({ phase, watching, descent }: RolloutView): boolean {
  return (phase === 'submitted' || phase === 'active') && watching === undefined && descent === undefined;
}

/** From now to where nothing but people and windows holds the present stage. */
function leave(known: Known, present: number): Walk {
  const { view, now } = known;
  const walk: Walk = { earliest: now, expected: now, waitsFor: [] };
  if (view.pause !== null) {
    walk.expected = null;
    walk.waitsFor.push('a person, since it is paused');
  }
  for (const { kind, until, text } of view.blockers) {
    if ((kind !== 'start' && kind !== 'retreat') || until === null) continue;
    reach(walk, until);
    walk.waitsFor.push(`${text} (until ${moment(until)})`);
  }
  waitForOthers(walk, view);
  if (present >= 0) leavePresent(walk, known, present);
  return walk;
}

function advance(walk: Walk, known: Known, { index, present }: { index: number; present: number }): void {
  const { plan } = known;
  const next = plan.stages[index + 1]?.name ?? '';
  for (const { roles } of asksPeople(known, index, present))
    walk.waitsFor.push(`approval by ${roles.join(', ')} before ${next}`);
  open(walk, plan, index + 1);
}

/** How long other rollouts take nobody knows here. */
function waitForOthers(walk: Walk, { requires = [], environment: here }: RolloutView): void {
  for (const { standing, rollout, environment, reached, stage, text } of requires) {
    if (standing === 'met') continue;
    walk.expected = null;
    const place = environment === here ? '' : ` in ${environment}`;
    const before = stage === null ? '' : ` before ${stage}`;
    walk.waitsFor.push(`${rollout}${place} to reach ${reached}${before} (${text})`);
  }
}

function reach(walk: Walk, at: number): void {
  walk.earliest = Math.max(walk.earliest, at);
  if (walk.expected !== null) walk.expected = Math.max(walk.expected, at);
}

/** Whom the next stage asks. An approval that was given for the present stage is no blocker any more. */
function asksPeople({ plan, view }: Known, index: number, present: number): Approval[] {
  const own = approvalFor(plan, index);
  if (index !== present) return own === null ? [] : [own];
  const start = view.blockers.find(({ kind }) => kind === 'start-approval');
  if (start !== undefined) {
    const asked = approvalsTo(plan, -1, index + 1);
    const open = asked.findIndex(({ roles }) => start.roles.every((role) => roles.includes(role)));
    return asked.slice(Math.max(0, open));
  }
  const kinds = view.blockers.map(({ kind }) => kind);
  const asks = kinds.includes('approval') || (view.stageSince !== null && kinds.includes('gate'));
  return asks && own !== null ? [own] : [];
}

/** Moves both clocks to where windows let a stage open. */
function open(walk: Walk, plan: Plan, index: number): void {
  const stage = plan.stages[index];
  if (stage === undefined) return;
  if (stage.checks !== undefined) walk.waitsFor.push(`checks before ${stage.name}`);
  const before = walk.expected ?? walk.earliest;
  const shut = openingOf(plan, index, before);
  if (shut > before) walk.waitsFor.push(`the window of ${stage.name} (${moment(shut)})`);
  walk.earliest = openingOf(plan, index, walk.earliest);
  if (walk.expected !== null) walk.expected = openingOf(plan, index, walk.expected);
}

/** A stage ahead: its bake time, or longer where its minimums take longer at the present traffic. */
function dwell(walk: Walk, known: Known, index: number): void {
  const stage = known.plan.stages[index];
  if (stage === undefined) return;
  walk.earliest += leastTime(stage) * 1000;
  if (walk.expected === null) return;
  const rate = requestRate(known, index);
  const minimum = stage.decommission === undefined ? (stage.minRequests ?? 0) : 0;
  const needed = minimum === 0 || rate === null ? 0 : minimum / rate;
  const least = plannedTime(stage);
  walk.expected += Math.max(least, needed) * 1000;
  if (needed > least) walk.waitsFor.push(`${minimum} requests of the canary in ${stage.name}`);
}

/** Requests of the canary a second in a stage, by those of the last window and the shares of both; null: not known. */
function requestRate({ plan, view, sample }: Known, index: number): number | null {
  const { percent } = view.exposure;
  const requests = sample?.canary.requests ?? 0;
  if (requests <= 0 || percent <= 0) return null;
  return (requests / plan.source.poll) * (stageExposure(plan, index).percent / percent);
}

/** What is left of the present stage. */
function leavePresent(walk: Walk, { plan, view, assessment, now }: Known, present: number): void {
  const stage = plan.stages[present];
  const passed = !view.blockers.some(({ kind }) => kind === 'gate');
  if (stage === undefined || passed) return;
  const since = view.stageSince ?? now;
  reach(walk, now);
  walk.earliest = Math.max(walk.earliest, since + leastTime(stage) * 1000);
  const seen = assessment?.stage === stage.name ? assessment : null;
  const elapsed = (now - since) / 1000;
  const bakes = since + plannedTime(stage) * 1000;
  walk.waitsFor.push(`the gate of ${stage.name}`);
  if (seen === null || seen.verdict === 'soft' || seen.verdict === 'hard' || seen.verdict === 'no-data') {
    if (seen !== null) walk.expected = null;
  } else {
    for (const holding of seen.holding) {
      if (holding.kind === 'clean')
        walk.earliest = Math.max(walk.earliest, now + (holding.need - holding.have) * 1000);
      const left = secondsLeft(holding, { assessment: seen, elapsed, proof: stage.promote?.proof ?? null });
      if (left === null) walk.expected = null;
      else if (walk.expected !== null) walk.expected = Math.max(walk.expected, now + left * 1000);
    }
    const early = stage.promote?.early !== undefined && !seen.holding.some(({ kind }) => kind === 'bake');
    if (early) return;
  }
  if (walk.expected !== null) walk.expected = Math.max(walk.expected, bakes);
}

/** Seconds until something no longer holds, at the rate at which it has grown in this stage; null: it cannot be told. */
function secondsLeft(
  holding: Holding,
  { assessment, elapsed, proof }: { assessment: Assessment; elapsed: number; proof: number | null },
): number | null {
  switch (holding.kind) {
    case 'bake':
      return 0;
    case 'clean':
      return Math.max(0, holding.need - holding.have);
    case 'requests':
    case 'users':
    case 'coverage':
    case 'exceedances':
      return holding.have <= 0 ? null : ((holding.need - holding.have) / holding.have) * elapsed;
    case 'quiet':
      // A moment without requests delays nothing that can be told.
      return assessment.polls.used > 0 && holding.metric === null ? 0 : null;
    case 'proof': {
      const times = holding.metrics.map((name) => {
        const seen = assessment.metrics.find(({ metric }) => metric === name);
        return seen === undefined ? null : proofLeft(seen, { elapsed, margin: proof });
      });
      return times.reduce<number | null>(
        (longest, one) => (longest === null || one === null ? null : Math.max(longest, one)),
        0,
      );
    }
    case 'improvement':
    case 'references':
    case 'split':
    case 'doubt':
    case 'data':
      return null;
  }
}

/** The standard error falls with the root of the time: a proof is there once it is a third of the room to the margin. */
function proofLeft(
  { estimate, standardError, soft, hard }: Assessment['metrics'][number],
  { elapsed, margin }: { elapsed: number; margin: number | null },
): number | null {
  const own = soft ?? hard;
  const limit = margin ?? Math.abs(own ?? 0);
  const room = limit - ((own ?? 1) < 0 ? -estimate : estimate);
  if (!(room > 0) || !(standardError > 0)) return null;
  return Math.max(0, ((PROOF * standardError) / room) ** 2 - 1) * elapsed;
}
