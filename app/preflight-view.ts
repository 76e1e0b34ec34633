import { planDuration } from '../analysis/bake-time.ts';
import type { MetricOutlook } from '../analysis/metric-outlook.ts';
import { sizeText } from '../analysis/stage-findings.ts';
import type { StageOutlook } from '../analysis/stage-outlook.ts';
import type { PreflightMetric, PreflightStage, PreflightView } from '../server/api/preflights.ts';
import type { PreflightReport } from './preflight.ts';

/** What the API says of a preflight: what people decide on, and not how it was computed. */
export function preflightView({
  plan,
  ok,
  history,
  traffic,
  stages,
  findings,
}: PreflightReport): PreflightView {
  return {
    plan,
    ok,
    history,
    traffic: Object.entries(traffic).map(([metric, { perHour, quietest }]) => ({
      metric,
      perHour,
      quietest,
    })),
    stages: stages.map(stageView),
    findings: findings.map(({ severity, rule, where, message, instead }) => {
      return { severity, rule: rule ?? null, where, message, instead };
    }),
  };
}

function stageView(outlook: StageOutlook): PreflightStage {
  const { minRequests, metrics, proposedBake } = outlook;
  const { stage, percent, compared, bake, max, perHour, quietestPerHour, users } = outlook;
  return {
    stage,
    percent,
    compared,
    bake,
    max,
    perHour,
    quietestPerHour,
    users,
    minRequests: minRequests === null ? null : { need: minRequests.need, after: minRequests.seconds },
    metrics: metrics.map(metricView),
    proposedBake: proposedBake === null ? null : planDuration(proposedBake),
  };
}

function metricView(outlook: MetricOutlook): PreflightMetric {
  const { metric } = outlook;
  if (outlook.kind === 'not-planned')
    return { metric, unplanned: outlook.why, finds: [], smallest: null, proof: null };
  const { detections, smallest, proof, unit } = outlook.mean;
  return {
    metric,
    unplanned: null,
    finds: detections.flatMap((one) => {
      if (one.kind === 'tolerated') return [];
      const { of, times, difference } = one;
      const [after, likely] = one.kind === 'found' ? [one.seconds, one.likely] : [null, null];
      return [{ of, times, worse: sizeText(difference, unit), after, likely }];
    }),
    smallest: smallest === null ? null : sizeText(smallest, unit),
    proof:
      proof === null
        ? null
        : { margin: sizeText(proof.margin, unit), after: proof.seconds, asked: proof.asked },
  };
}
