import type { SeenSplit } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import { stageExposure } from '../plans/stages.ts';
import { lnBayesFactor } from './multinomial.ts';
import type { Pair, SplitEvidence } from './split-evidence.ts';
import { NONE } from './split-evidence.ts';
import type { StageFrame } from './stage.ts';

/** Chance, over a whole rollout, that the test of the users alarms although they are split as planned. */
const ALPHA = 0.01;
/** Weight of the Dirichlet prior, which lies around the plan: deviations of a few hundredths are looked for first. */
const PRIOR = 100;
/**
 * Requests are no independent draws: a few busy users can double a cohort's share, and a new path may ask twice as often as the old
 * one. Only odds beyond four times the plan, or below a quarter of it, are implausible, and only once the plan lets
 * the canary expect so many requests that no two or three users make them.
 */
const BAND = 4;
const BAND_FROM = 5000;
/**
 * Requests of a cohort that the plan expects of a block of polls. A block without one of the cohorts is a quiet time or an outage
 * of its data and is left out; polls one by one could not be, since the few that have a canary request have too many.
 */
const BLOCK = 50;

/** What was counted until now is kept: only a count that falls from there has begun with the new stage. */
export function enterSplit(before: SplitEvidence): SplitEvidence {
  const { accepted: _, ...split } = before;
  return { ...split, at: null, comparable: false, begun: 0, requests: NONE, open: NONE };
}

/**
 * A person accepts the split as it is until the next stage: from now on only what comes is tested, against what was counted by now.
 * Null where a cohort has nothing: without it nothing could be compared, whoever accepts it.
 */
export function acceptSplit(split: SplitEvidence): SplitEvidence | null {
  const users = split.comparable ? split.users : null;
  const { baseline, canary } = users ?? split.requests;
  if (!(baseline > 0 && canary > 0)) return null;
  const accepted = { users, requests: split.requests, from: users ?? NONE };
  return { ...split, accepted, begun: split.begun + 1, requests: NONE, open: NONE };
}

interface SplitPoll {
  plan: Plan;
  frame: StageFrame;
  sample: Sample;
  /** `t` at which the stage began. */
  since: number;
}

export function observeSplit(split: SplitEvidence, poll: SplitPoll): SplitEvidence {
  return observeUsers(observeRequests(split, poll), poll);
}

function observeRequests(split: SplitEvidence, { frame, sample }: SplitPoll): SplitEvidence {
  const open = plus(split.open, {
    baseline: sample.baseline.requests,
    canary: sample.canary.requests,
  });
  const all = open.baseline + open.canary;
  if (!(Math.min(frame.share, 1 - frame.share) * all >= BLOCK)) return { ...split, open };
  const both = open.baseline > 0 && open.canary > 0;
  return { ...split, requests: both ? plus(split.requests, open) : split.requests, open: NONE };
}

function plus(a: Pair, b: Pair): Pair {
  return { baseline: a.baseline + b.baseline, canary: a.canary + b.canary };
}

/**
 * One poll. The counts are cumulative, so the newest ones are all the evidence: each user is drawn once, when first seen,
 * and adding up what every poll says would draw the same user again and again. A count that falls has begun anew (a restarted
 * process, a changed flag) and what it had seen will be seen again: the test begins anew too. Where only one cohort's count
 * did, or where the counts are older than the stage (they then hold users who have changed the cohort since), nothing
 * can be compared until both begin anew.
 */
function observeUsers(split: SplitEvidence, poll: SplitPoll): SplitEvidence {
  const { plan, frame, sample } = poll;
  const counted = countedUsers(sample);
  const known = frame.share === 0 ? withInternal(split, poll) : split;
  if (counted === null) return known;
  const { by, baseline, canary } = counted;
  const next = { ...known, users: { baseline, canary }, by, at: sample.t };
  const last = split.users;
  const moved = last !== null && by !== split.by;
  const before = moved ? null : last;
  const fell = { baseline: baseline < (before?.baseline ?? 0), canary: canary < (before?.canary ?? 0) };
  if (before !== null && !fell.baseline && !fell.canary) return next;
  // No user is seen without a request: more users than requests were seen before.
  const windows = Math.max(1, (sample.t - (split.at ?? poll.since)) / plan.source.poll) + 1;
  const fresh = (cohort: 'baseline' | 'canary') =>
    fell[cohort] || counted[cohort] <= windows * sample[cohort].requests;
  // One process counts both, so both begin anew with it; another one has counted since the stage began as the first did.
  const together = by !== null && (moved ? split.comparable : before !== null);
  const comparable = together || (fresh('baseline') && fresh('canary'));
  // What is counted anew has nothing in it that was accepted.
  const { accepted } = split;
  const anew = accepted === undefined ? {} : { accepted: { ...accepted, from: NONE } };
  return { ...next, ...anew, comparable, begun: comparable ? split.begun + 1 : split.begun };
}

/** Users of an internal stage go on having the canary in the stages after it; tenants are customers like others. */
function withInternal(split: SplitEvidence, { plan, frame, sample }: SplitPoll): SplitEvidence {
  const users = sample.canary.users ?? 0;
  if (!(users > 0)) return split;
  const { segments = [], tenants, tenantsFrom } = plan.stages[frame.index]?.audience ?? {};
  const own = segments.length > 0 && tenants === undefined && tenantsFrom === undefined;
  const internal = own ? Math.max(users, split.internal ?? 0) : split.internal;
  return { ...split, mixed: true, ...(internal === undefined ? {} : { internal }) };
}

/**
 * The canary's users who came by the stage's share, at least: where an internal stage has shown that its users are counted
 * with the others, all of them may be among those.
 */
export function randomUsers(users: number, { split, frame }: Pick<Look, 'split' | 'frame'>): number {
  return frame.share > 0 ? Math.max(0, users - (split.internal ?? 0)) : users;
}

/** Both cohorts' users as one counter has seen them; null: not told, or not comparable. */
function countedUsers({ split, baseline, canary }: Sample) {
  if (split !== undefined) return split;
  const { users: left } = baseline;
  const { users: right } = canary;
  if (left === undefined || right === undefined || !(left >= 0) || !(right >= 0)) return null;
  return { by: null, baseline: left, canary: right };
}

interface Look {
  split: SplitEvidence;
  plan: Plan;
  frame: StageFrame;
}

/**
 * What is wrong with how the traffic is split, for people; null: nothing, or the stage has no planned split. It is a
 * fault of the data, so it holds a gate and never stops a rollout. `seen`: what a person can accept; absent: a cohort has nothing.
 */
export function splitFault(look: Look): { detail: string; seen?: SeenSplit } | null {
  if (!look.frame.compared) return null;
  const { split } = look;
  const detail = split.comparable ? usersFault(look) : requestsFault(look);
  if (detail === null) return null;
  const counted = split.comparable ? split.users : split.requests;
  if (counted === null || acceptSplit(split) === null) return { detail };
  return { detail, seen: { of: split.comparable ? 'users' : 'requests', ...counted } };
}

/** The alarm of the distinct users, ln of the evidence and what it must reach. */
export function usersTest({ split, plan, frame }: Look): {
  lnE: number;
  threshold: number;
} {
  const { users, begun, mixed } = split;
  const threshold = Math.log((frame.stages * begun * (begun + 1)) / ALPHA);
  if (users === null || !split.comparable) return { lnE: 0, threshold };
  const { baseline, canary } = sinceAccepted(split, users);
  const share = usersShare(split, frame);
  if (mixed && canary > share * (baseline + canary)) return { lnE: 0, threshold };
  if (isNarrowed(plan) && canary < share * (baseline + canary)) return { lnE: 0, threshold };
  const factor = (prior: Pair) =>
    lnBayesFactor([
      { count: canary, theta: share, prior: prior.canary },
      { count: baseline, theta: 1 - share, prior: prior.baseline },
    ]);
  const around = factor({ canary: PRIOR * share, baseline: PRIOR * (1 - share) });
  const before = split.accepted?.users ?? null;
  // The accepted share is known no better than it was counted: the null is its posterior, and no point.
  const lnE =
    before === null ? around : around - factor({ canary: before.canary + 1, baseline: before.baseline + 1 });
  return { lnE, threshold };
}

function sinceAccepted({ accepted }: SplitEvidence, { baseline, canary }: Pair): Pair {
  const from = accepted?.users == null ? NONE : accepted.from;
  return { baseline: Math.max(0, baseline - from.baseline), canary: Math.max(0, canary - from.canary) };
}

/** The share of the canary that is tested: the plan's, or what a person has accepted of the users. */
function usersShare({ accepted }: SplitEvidence, { share }: StageFrame): number {
  return accepted?.users == null ? share : shareOf(accepted.users);
}

function shareOf({ baseline, canary }: Pair): number {
  return (canary + 1) / (baseline + canary + 2);
}

function usersFault(look: Look): string | null {
  const { lnE, threshold } = usersTest(look);
  const { split, frame } = look;
  if (split.users === null || lnE < threshold) return null;
  const { baseline, canary } = sinceAccepted(split, split.users);
  const all = baseline + canary;
  const share = usersShare(split, frame);
  const segments = canary > share * all ? segmentsOf(look) : [];
  const hint =
    segments.length === 0
      ? ''
      : ` (${segments.join(', ')} also have the canary: source.users must leave them out)`;
  return `${canary} of ${all} users have the canary, ${percent(canary / all)} where ${percent(share)} are ${split.accepted?.users == null ? 'planned' : 'accepted'}${hint}`;
}

function requestsFault(look: Look): string | null {
  const { frame, split } = look;
  const { baseline, canary } = split.requests;
  const all = baseline + canary;
  const before = split.accepted?.requests;
  const accepted = before !== undefined && before.canary > 0 && before.baseline > 0;
  const share = accepted ? shareOf(before) : frame.share;
  if (frame.share * all < BAND_FROM) return null;
  const odds = canary / Math.max(1, baseline) / (share / (1 - share));
  const few = odds < 1 / BAND && !isNarrowed(look.plan);
  // Segments come on top of the percentage, and how many requests they make is not known.
  const many = odds > BAND && segmentsOf(look).length === 0;
  if (!few && !many) return null;
  return `${Math.round(canary)} of ${Math.round(all)} requests are the canary's, ${percent(canary / all)} where ${percent(share)} are ${accepted ? 'accepted' : 'planned'} (users are not known: only a quarter or four times ${accepted ? 'of that' : 'the plan'} is told apart)`;
}

/** Who is excluded is counted with the baseline where nothing tells them apart, and how many they are is not known. */
function isNarrowed(plan: Plan): boolean {
  return plan.exclude !== undefined;
}

function segmentsOf({ plan, frame }: Look): string[] {
  return stageExposure(plan, frame.index).segments;
}

/** What the guard cannot see in a stage that has a planned split; null: it sees the users. */
export function splitWarning({ split, plan, frame }: Look): string | null {
  if (!frame.compared) return null;
  if (split.accepted !== undefined) {
    const { users, requests } = split.accepted;
    return `a person has accepted the traffic split of this stage: it is held against ${percent(shareOf(users ?? requests))} of the ${users === null ? 'requests' : 'users'}, not against the plan`;
  }
  const band =
    'the traffic split is held against a wide band of requests only, a quarter to four times the plan';
  if (!split.comparable) {
    if (split.users !== null) return `${band}: the counts of users did not begin together with the stage`;
    return plan.source.users === undefined
      ? `${band}: source.users is not given`
      : `${band}: no process has told the users of both cohorts`;
  }
  if (isNarrowed(plan))
    return 'whoever is excluded cannot be told apart everywhere: too few users in the canary are not noticed';
  return split.mixed
    ? `source.users counts segments that have the canary anyway: too many users in the canary are not noticed${split.internal === undefined ? '' : `, and ${split.internal} of them are left out of minUsers`}`
    : null;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
