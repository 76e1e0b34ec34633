import type { Holding } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { Rejection } from '../plans/sample.ts';
import { PARITY } from '../plans/shadow.ts';
import { coverageOf, coverageRequests } from '../plans/slices.ts';
import type { Coverage } from '../plans/stage.ts';
import { isShadowing } from '../plans/stages.ts';
import { blindText } from './buckets.ts';
import type { Evidence, RatioEvidence } from './evidence.ts';
import type { Finding } from './metric-findings.ts';
import { plannedRequests } from './planning.ts';
import { quietHoldings } from './quiet.ts';
import { marginsOfRatio } from './ratio.ts';
import { missingSlices, missingText } from './slices.ts';
import { randomUsers, splitFault } from './split.ts';
import type { StageFrame } from './stage.ts';

/** Canary requests above an edge below which a latency says nothing. */
const FEWEST_EXCEEDANCES = 20;
/** Rejected polls of a stage beyond which its data are a problem: more than a tenth, and more than two. */
const REJECTED_SHARE = 0.1;
const REJECTED_FEW = 2;

const UNCOMPARED = 'the answers of the two paths were not compared yet: tidegate_parity_total has no value';

interface Look {
  plan: Plan;
  frame: StageFrame;
  findings: readonly Finding[];
}

/** All that stands between this stage and a pass, whatever the evidence says. */
export function holdingsOf(evidence: Evidence, look: Look): Holding[] {
  const { plan, frame } = look;
  const stage = plan.stages[frame.index];
  const holding: Holding[] = [...dataHoldings(evidence, look)];
  const shadowing = isShadowing(stage);
  const fault = shadowing ? null : splitFault({ split: evidence.split, plan, frame });
  if (shadowing && isParityUnknown(evidence, plan))
    holding.push({ kind: 'data', rejections: [{ kind: 'invalid', metric: PARITY, detail: UNCOMPARED }] });
  if (fault !== null) holding.push({ kind: 'split', ...fault });
  const until = (evidence.since ?? evidence.t ?? 0) + bakeOf(stage, look);
  if (evidence.t === null || evidence.since === null || evidence.t < until - 1e-6)
    holding.push({ kind: 'bake', until });
  const requests = requestsHolding(evidence, look);
  if (requests !== null) holding.push(requests);
  const users = randomUsers(evidence.users ?? 0, { split: evidence.split, frame });
  if (users < (stage?.minUsers ?? 0))
    holding.push({ kind: 'users', have: users, need: stage?.minUsers ?? 0 });
  for (const wanted of coverageOf(plan, frame.index)) holding.push(...coverageHoldings(evidence, wanted));
  if (!frame.compared) return holding;
  for (const { metric, exceedances, tested, safe } of look.findings) {
    if (!tested || safe || exceedances === null || exceedances >= FEWEST_EXCEEDANCES) continue;
    holding.push({
      kind: 'exceedances',
      metric: metric.name,
      have: Math.floor(exceedances),
      need: FEWEST_EXCEEDANCES,
    });
  }
  const unproven = look.findings.filter(({ assessment }) => assessment.proven === false);
  if (unproven.length > 0)
    holding.push({ kind: 'proof', metrics: unproven.map(({ metric }) => metric.name) });
  const unimproved = look.findings.filter(({ improved }) => improved === false);
  if (unimproved.length > 0)
    holding.push({ kind: 'improvement', metrics: unimproved.map(({ metric }) => metric.name) });
  return holding;
}

/** Once the proof that the stage asks for is there, its `early` is enough. */
function bakeOf(stage: Plan['stages'][number] | undefined, { frame, findings }: Look): number {
  const bake = stage?.bake ?? 0;
  const early = stage?.promote?.early;
  if (early === undefined || !frame.compared) return bake;
  const asked = findings.filter(({ assessment }) => assessment.proven !== null);
  const proven = asked.length > 0 && asked.every(({ assessment }) => assessment.proven === true);
  return proven ? Math.min(bake, early) : bake;
}

/** No answer of the two paths was compared yet: what is not known is no parity. */
function isParityUnknown({ limits }: Evidence, plan: Plan): boolean {
  const watched = plan.limits.some(({ name }) => name === PARITY);
  return watched && (limits[PARITY]?.value ?? null) === null;
}

/** Users where they are counted and asked for, else requests; what nobody has counted has not been seen. */
function coverageHoldings(evidence: Evidence, wanted: Coverage): Holding[] {
  const { slice, minUsers, minRequests } = wanted;
  const seen = evidence.slices[slice];
  const users = seen?.users ?? null;
  const byUsers = minUsers !== undefined && users !== null;
  const short = (of: 'users' | 'requests', have: number, need: number): Holding[] =>
    have < need ? [{ kind: 'coverage', slice, of, have, need }] : [];
  return [
    ...(byUsers ? short('users', users, minUsers) : []),
    ...(byUsers && minRequests === undefined
      ? []
      : short('requests', seen?.requests.canary ?? 0, coverageRequests(wanted))),
  ];
}

function dataHoldings(evidence: Evidence, { plan, frame, findings }: Look): Holding[] {
  const { used, ignored, rejected } = evidence.polls;
  const missing: Rejection[] = plan.metrics
    .filter(({ name }) => evidence.metrics[name]?.missing != null)
    .map(({ name }) => missingOf(name, evidence));
  const slices = missingSlices(evidence, { plan, stage: frame.index }).map(missingText);
  const rejections = [...(evidence.last === 'rejected' ? evidence.rejections : []), ...missing, ...slices];
  const many =
    evidence.suspect > REJECTED_FEW && evidence.suspect > REJECTED_SHARE * (used + ignored + rejected);
  if (rejections.length > 0 || many) return [{ kind: 'data', rejections }];
  const quiet = quietHoldings(evidence, { plan, compared: frame.compared });
  if (quiet.length > 0) return quiet;
  const unseen = findings.filter(({ tested, seen, exceedances }) => tested && !seen && exceedances !== 0);
  return unseen.length === 0
    ? []
    : [{ kind: 'data', rejections: unseen.map(({ metric }) => notSeen(metric.name)) }];
}

function notSeen(metric: string): Rejection {
  return {
    kind: 'invalid',
    metric,
    detail: 'nothing to compare in this stage yet, one of the cohorts has counted nothing',
  };
}

function missingOf(metric: string, { metrics }: Evidence): Rejection {
  const known = metrics[metric];
  if (known?.kind !== 'latency' || known.buckets?.blind !== true) return { kind: 'no-canary', metric };
  return {
    kind: 'invalid',
    metric,
    detail: blindText({ edges: known.edges, buckets: known.buckets }),
  };
}

/**
 * The stage's own minimum; else, where no proof is asked, the planning rule for the hard margins of the ratios
 * (their soft ones if none has a hard one) at the baseline's rate, on each metric's own requests. A latency, the
 * internal stage and the full one have no default.
 */
function requestsHolding(evidence: Evidence, { plan, frame }: Look): Holding | null {
  const stage = plan.stages[frame.index];
  const { canary } = evidence.requests;
  if (stage?.minRequests !== undefined) {
    return canary < stage.minRequests ? { kind: 'requests', have: canary, need: stage.minRequests } : null;
  }
  if (!frame.compared || stage?.promote !== undefined) return null;
  const ratios = plan.metrics.flatMap((metric) => {
    const known = evidence.metrics[metric.name];
    if (metric.kind !== 'ratio' || known?.kind !== 'ratio') return [];
    return [{ known, margins: marginsOfRatio(plan, { stage: frame.index, metric, evidence: known }) }];
  });
  const hard = ratios.filter(({ margins }) => margins.hard !== null);
  let worst: Extract<Holding, { kind: 'requests' }> | null = null;
  for (const { known, margins } of hard.length > 0 ? hard : ratios) {
    const margin = margins.hard ?? margins.soft;
    if (margin === null) continue;
    const need = plannedRequests({ rate: rareRate(known), margin, ratio: frame.share / (1 - frame.share) });
    const have = known.canary.total;
    if (Number.isFinite(need) && have < need && (worst === null || need - have > worst.need - worst.have)) {
      worst = { kind: 'requests', have, need };
    }
  }
  return worst;
}

/** The baseline's rate of the rarer outcome, which is what limits how much can be seen. */
function rareRate({ before, baseline }: RatioEvidence): number {
  const total = before.total + baseline.total;
  if (!(total > 0)) return 0;
  const rate = (before.events + baseline.events) / total;
  return Math.min(rate, 1 - rate);
}
