import type { Assessment, MetricAssessment } from '../plans/assessment.ts';
import type { Comparison } from '../plans/comparison.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { planInStage } from '../plans/shadow.ts';
import { planSlices, sliceMetrics } from '../plans/slices.ts';
import { isUnserved, stageShare } from '../plans/stages.ts';
import { cohortRows, sliceRows } from './cohort-rows.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, openEvidence } from './gate.ts';
import { isCompared } from './margins.ts';
import { metricRows } from './metric-rows.ts';
import type { Visit } from './replay.ts';

/** Both cohorts of a visit side by side, from what its gate knows and by its plan: no statistics but the gate's own. */
export function compare(visit: Visit, state: Comparison['state'] = 'past'): Comparison {
  const { evidence, context, recorded } = visit;
  const plan = planInStage(visit.plan, visit.stageIndex);
  const slices = isUnserved(plan.stages[visit.stageIndex]) ? [] : planSlices(plan);
  const stage = plan.stages[visit.stageIndex];
  const compared = isCompared(stage);
  const assessment = assess(evidence, visit.plan, context);
  // Limits on expressions are known to the gate alone.
  const word = recorded ?? assessment;
  const seen = evidence.t !== null;
  const rowsOf = (metrics: readonly Metric[], slice: string | null) =>
    metrics.flatMap((metric) => {
      const found = assessmentOf(assessment, word, { metric: metric.name, slice });
      return found === undefined
        ? []
        : metricRows({ visit, plan, metric, slice, compared, assessment: found });
    });
  const look = { plan, assessment, share: stageShare(plan, visit.stageIndex) };
  return {
    stage: visit.stage,
    visit: visit.visit,
    planRevision: visit.planRevision,
    state,
    from: evidence.since,
    to: evidence.t,
    compared,
    level: 1 - plan.analysis.falseRollback,
    verdict: seen ? word.verdict : null,
    metric: seen ? word.metric : null,
    reason: seen ? word.reason : 'nothing was seen of this stage yet',
    lnE: word.lnE,
    threshold: word.threshold,
    polls: evidence.polls,
    rows: [
      ...cohortRows(visit, look),
      ...rowsOf(plan.metrics, null),
      ...slices.flatMap((slice) => [
        ...sliceRows(visit, { ...look, slice }),
        ...rowsOf(sliceMetrics(plan, slice), slice),
      ]),
    ],
    notes: assessment.warnings,
  };
}

/** A stage that no gate has watched yet: its rows say so. `carried`: what the first one will go on with. */
export function compareAhead(
  plan: Plan,
  {
    stageIndex,
    planRevision = 1,
    carried = null,
  }: { stageIndex: number; planRevision?: number; carried?: Evidence | null },
): Comparison {
  const visit: Visit = {
    stage: plan.stages[stageIndex]?.name ?? '',
    plan,
    planRevision,
    stageIndex,
    visit: 1,
    evidence: enterStage(carried ?? openEvidence(plan), plan, stageIndex),
    context: { stageIndex },
    recorded: null,
    quantiles: {},
    users: { baseline: null, canary: null },
  };
  return compare(visit, 'ahead');
}

/** The numbers are those of the evidence; the verdict is the one that the gate gave. */
function assessmentOf(
  now: Assessment,
  word: Assessment,
  of: { metric: string; slice: string | null },
): MetricAssessment | undefined {
  const isMeant = (one: MetricAssessment) => one.metric === of.metric && (one.slice ?? null) === of.slice;
  const found = now.metrics.find(isMeant);
  const said = word.metrics.find(isMeant);
  return found === undefined || said === undefined ? found : { ...found, verdict: said.verdict };
}
