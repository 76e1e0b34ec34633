import type { Assessment, Holding } from '../plans/assessment.ts';
import type { ComparisonRow } from '../plans/comparison.ts';
import type { Plan } from '../plans/plan.ts';
import { coverageOf, coverageRequests } from '../plans/slices.ts';
import { percent } from '../plans/words.ts';
import type { Visit } from './replay.ts';

interface Look {
  plan: Plan;
  assessment: Assessment;
  /** The canary's planned share of the traffic. */
  share: number;
}

/** How much was seen of each cohort: the requests, and the users where they are known. */
export function cohortRows(visit: Visit, look: Look): ComparisonRow[] {
  const { evidence, users, stageIndex } = visit;
  const stage = look.plan.stages[stageIndex];
  const seen = evidence.t !== null && evidence.canarySeen;
  const { baseline, canary } = evidence.requests;
  const requests = cohortRow('requests', {
    counts: seen ? { baseline, canary } : { baseline: null, canary: null },
    need: needOf(look.assessment.holding) ?? stage?.minRequests ?? null,
    held: look.assessment.holding.some(({ kind }) => kind === 'requests'),
    share: look.share,
  });
  if (users.canary === null && users.baseline === null && stage?.minUsers === undefined) return [requests];
  const people = cohortRow('users', {
    counts: users,
    need: stage?.minUsers ?? null,
    held: look.assessment.holding.some(({ kind }) => kind === 'users'),
    share: look.share,
  });
  return [requests, people];
}

/** The same of a slice, with what its coverage asks for. */
export function sliceRows(visit: Visit, look: Look & { slice: string }): ComparisonRow[] {
  const { plan, slice } = look;
  const known = visit.evidence.slices[slice];
  const wanted = coverageOf(plan, visit.stageIndex).filter((one) => one.slice === slice);
  const held = (of: 'users' | 'requests') =>
    look.assessment.holding.some((one) => one.kind === 'coverage' && one.slice === slice && one.of === of);
  const seen =
    known !== undefined && visit.evidence.t !== null && known.requests.baseline + known.requests.canary > 0;
  const users = known?.users ?? null;
  const byRequests = wanted.filter(
    ({ minUsers, minRequests }) => minUsers === undefined || minRequests !== undefined || users === null,
  );
  const minUsers = Math.max(0, ...wanted.map((one) => one.minUsers ?? 0));
  const requests = cohortRow('requests', {
    counts: seen ? known.requests : { baseline: null, canary: null },
    need: Math.max(0, ...byRequests.map(coverageRequests)),
    held: held('requests'),
    share: look.share,
  });
  if (users === null) return [{ ...requests, slice }];
  const people = cohortRow('users', {
    counts: { baseline: null, canary: users },
    need: minUsers,
    held: held('users'),
    share: look.share,
  });
  return [
    { ...requests, slice },
    { ...people, slice },
  ];
}

interface Counts {
  counts: { baseline: number | null; canary: number | null };
  need: number | null;
  held: boolean;
  share: number;
}

function cohortRow(kind: 'requests' | 'users', { counts, need, held, share }: Counts): ComparisonRow {
  const { baseline, canary } = counts;
  const both = (baseline ?? 0) + (canary ?? 0);
  const known = baseline !== null && canary !== null && both > 0;
  const acceptable = [
    share > 0 && share < 1 ? `${percent(share * 100)} planned` : null,
    need === null || need === 0 ? null : `at least ${Math.ceil(need).toLocaleString('en-US')}`,
  ].filter((part) => part !== null);
  return {
    kind,
    metric: null,
    slice: null,
    quantile: null,
    edge: null,
    baseline: { value: baseline, of: null, beyond: false },
    canary: { value: canary, of: null, beyond: false },
    difference: known ? canary / both : null,
    relative: null,
    interval: null,
    acceptable: acceptable.length === 0 ? null : acceptable.join(', '),
    verdict: canary === null ? null : held ? 'hold' : 'pass',
    proven: null,
    note: null,
  };
}

/** The minimum that holds the gate. */
function needOf(holding: readonly Holding[]): number | null {
  const found = holding.find((one) => one.kind === 'requests');
  return found?.need ?? null;
}
