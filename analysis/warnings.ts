import type { Plan } from '../plans/plan.ts';
import { isShadowing, isTested } from '../plans/stages.ts';
import { capital } from '../plans/words.ts';
import { bucketWarning } from './buckets.ts';
import type { Evidence, MetricEvidence } from './evidence.ts';
import { ifNoisier } from './instance-findings.ts';
import { improvementTrack, marginsOfLatency } from './latency.ts';
import { splitWarning } from './split.ts';
import type { GateContext, StageFrame } from './stage.ts';
import { isAssumed, isCanaryNoisier, noisierOf } from './stage.ts';
import { isNoiseAssumed, isValueNoisier } from './value-noise.ts';

interface Look {
  evidence: Evidence;
  plan: Plan;
  frame: StageFrame;
  context: GateContext;
}

/** What a reader of a verdict must know to trust it no more than it deserves. */
export function warningsOf({ evidence, plan, frame, context }: Look): string[] {
  const warnings: string[] = [];
  const stage = plan.stages[frame.index];
  if (!frame.compared && stage?.decommission === undefined) {
    warnings.push(
      stage?.percent === undefined
        ? 'not compared: the users of this stage are no random sample; only fixed limits and minimums hold here'
        : 'not compared: there is no baseline cohort at 100 %; only fixed limits hold here',
    );
  }
  if (!frame.compared) return warnings;
  const assumed = plan.metrics.some(
    (metric) => isTested(plan, metric) && isNoiseUnknown(metric.name, { evidence, plan, context }),
  );
  if (assumed) {
    warnings.push(
      `the noise between equal cohorts is assumed (${plan.analysis.noise}), not measured: under lasting noise false stops are not bounded`,
    );
  }
  warnings.push(...instanceWarnings({ evidence, plan, frame, context }));
  const split = isShadowing(stage) ? null : splitWarning({ split: evidence.split, plan, frame });
  if (split !== null) warnings.push(split);
  for (const metric of plan.metrics) {
    const known = evidence.metrics[metric.name];
    const tested = isTested(plan, metric);
    if (!tested) warnings.push(`${metric.name} has no margin: advisory`);
    if (known?.kind === 'latency' && known.edges?.length === 0) {
      warnings.push(
        `${metric.name} ${tested ? 'is advisory' : 'can show no improvement'}: no bucket edge shows its margin at 0.5-20 % of the baseline's requests`,
      );
    } else if (tested && known?.kind === 'latency') {
      const warning = bucketWarning(metric.name, known);
      if (warning !== null) warnings.push(warning);
      const { improve } = marginsOfLatency(plan, {
        stage: frame.index,
        metric: metric.name,
        evidence: known,
      });
      if (improve !== null && known.edges !== null && improvementTrack(known, { improve }) < 0) {
        warnings.push(
          `${metric.name} cannot be shown to improve: no edge under test has buckets up to edge/(1 - improve)`,
        );
      }
    }
  }
  return warnings;
}

/** What is not known of the canary's own noise, and which of its metrics it makes slower. */
function instanceWarnings({ evidence, plan, context }: Look): string[] {
  const { baseline, canary } = evidence.instances ?? { baseline: 0, canary: 0 };
  const warnings: string[] = [];
  const noisierIn = (known: MetricEvidence | undefined, metric: string) =>
    known === undefined || known.kind === 'value'
      ? 1
      : noisierOf({ plan, context, metric }, { series: known });
  if (canary === 1 && baseline > 1) {
    const tested = plan.metrics.filter((metric) => isTested(plan, metric));
    const most = Math.max(1, ...tested.map(({ name }) => noisierIn(evidence.metrics[name], name)));
    warnings.push(
      `the canary has one instance: how much it differs by itself cannot be measured, and is taken to be like one of the baseline's ${baseline}. ${capital(ifNoisier(most))}; two instances are measured`,
    );
  }
  const noisier = plan.metrics.filter(({ name }) => {
    const known = evidence.metrics[name];
    if (known === undefined) return false;
    return known.kind === 'value'
      ? isValueNoisier(known, plan)
      : isCanaryNoisier({ plan, context, metric: name }, known);
  });
  for (const { name } of noisier)
    warnings.push(
      `${name} differs more between the canary's instances than between the baseline's: that is reckoned with, and a regression takes longer to find`,
    );
  return warnings;
}

function isNoiseUnknown(metric: string, { evidence, plan, context }: Omit<Look, 'frame'>): boolean {
  const known = evidence.metrics[metric];
  if (known?.kind === 'value') return isNoiseAssumed(known);
  return isAssumed({ plan, context, metric }, known?.halves ?? []);
}
