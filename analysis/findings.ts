import type { Plan } from '../plans/plan.ts';
import { planInStage } from '../plans/shadow.ts';
import { isUnserved } from '../plans/stages.ts';
import type { Evidence } from './evidence.ts';
import type { Finding } from './metric-findings.ts';
import { findMetric } from './metric-findings.ts';
import { findSlices } from './slices.ts';
import type { GateContext } from './stage.ts';
import { stageFrame } from './stage.ts';
import type { Stop } from './stops.ts';
import { presentStop, thresholdOf } from './stops.ts';
import type { Share } from './weights.ts';
import { sharesOf } from './weights.ts';

/** What the gate finds in all that it tests, and what a stop must reach. */
export interface Findings {
  /** Of every metric, then of the slices. */
  findings: readonly Finding[];
  shares: readonly Share[];
  threshold: number;
}

/** Of the evidence all that findings follow from. */
type Seen = Pick<Evidence, 'metrics' | 'slices'>;

/** What else they follow from. */
type Grounds = readonly unknown[];

/** The last ones: where a stop may be in doubt a poll asks twice, for the time of the doubt and for the verdict. */
let latest: { grounds: Grounds; findings: Findings } | null = null;

export function findingsOf(evidence: Seen, whole: Plan, context: GateContext): Findings {
  const { stageIndex, dispersion, edgeDispersion, edges, fallback } = context;
  const { metrics, slices } = evidence;
  const grounds = [metrics, slices, whole, stageIndex, dispersion, edgeDispersion, edges, fallback];
  if (latest?.grounds.every((one, i) => one === grounds[i]) !== true)
    latest = { grounds, findings: find(evidence, whole, context) };
  return latest.findings;
}

function find(evidence: Seen, whole: Plan, context: GateContext): Findings {
  const plan = planInStage(whole, context.stageIndex);
  const frame = stageFrame(plan, context.stageIndex);
  const metrics = plan.metrics.map((metric) => findMetric(evidence, metric, { plan, frame, context }));
  const isServed = !isUnserved(plan.stages[context.stageIndex]);
  return {
    findings: [...metrics, ...(isServed ? findSlices(evidence, { plan, frame, context }) : [])],
    // The shares are those of the whole plan: what decides elsewhere has its part of the error spent there.
    shares: sharesOf(whole),
    threshold: thresholdOf(plan),
  };
}

/** What was seen, as a stop or as one in doubt, without regard to how long it has been that. */
export function presentStopOf(evidence: Seen, whole: Plan, context: GateContext): Stop {
  const { findings, ...bar } = findingsOf(evidence, whole, context);
  return presentStop(findings, bar);
}
