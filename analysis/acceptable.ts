import type { MetricAssessment } from '../plans/assessment.ts';
import type { Metric } from '../plans/metric.ts';
import type { Plan } from '../plans/plan.ts';
import { stageMetric } from '../plans/stages.ts';
import type { Margin } from '../plans/units.ts';
import { percent, points, signed } from '../plans/words.ts';
import type { MetricEvidence } from './evidence.ts';
import { marginsOfLatency } from './latency.ts';

export interface MarginLook {
  plan: Plan;
  stageIndex: number;
  metric: Metric;
  evidence: MetricEvidence | undefined;
  assessment: MetricAssessment;
}

/**
 * The margins in force in the unit of the difference: `≤ +0.1 pp, hard +0.5 pp`. As resolved by the gate, where it
 * has; else as written. Null: the metric has none here.
 */
export function marginWords(look: MarginLook): string | null {
  const { metric, assessment, evidence } = look;
  const written = writtenMargins(look);
  const text = metric.kind === 'ratio' || metric.kind === 'latency' ? points : signed;
  const soft = assessment.soft === null ? asWritten(written.soft) : text(assessment.soft);
  const hard = assessment.hard === null ? asWritten(written.hard) : text(assessment.hard);
  const down = (written.soft ?? written.hard)?.direction === 'decrease';
  const improve = asWritten(written.improve);
  const accepted = evidence?.accepted != null || (evidence?.kind === 'latency' && evidence.slowdown !== null);
  return bounds({ soft, hard, improve, down, accepted });
}

/** The margins of a latency in shares of the baseline's own time: `≤ +20 %, hard +100 %`. */
export function slowdownWords(look: MarginLook): string | null {
  const { plan, stageIndex, metric, evidence } = look;
  if (evidence?.kind !== 'latency') return null;
  const { soft, hard, improve } = marginsOfLatency(plan, {
    stage: stageIndex,
    metric: metric.name,
    evidence,
  });
  const text = (share: number | null) => (share === null ? null : `+${percent(share * 100)}`);
  return bounds({
    soft: text(soft),
    hard: text(hard),
    improve: improve === null ? null : `-${percent(improve * 100)}`,
    down: false,
    accepted: evidence.slowdown !== null,
  });
}

interface Bounds {
  soft: string | null;
  hard: string | null;
  improve: string | null;
  down: boolean;
  accepted: boolean;
}

function bounds({ soft, hard, improve, down, accepted }: Bounds): string | null {
  const sign = down ? '≥' : '≤';
  const parts = [
    soft === null ? null : `${sign} ${soft}${accepted ? ' accepted' : ''}`,
    hard === null ? null : soft === null ? `${sign} ${hard} (hard)` : `hard ${hard}`,
    improve === null ? null : `better by ${improve}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

function writtenMargins({ plan, stageIndex, metric }: MarginLook) {
  return stageMetric(plan, stageIndex, metric.name);
}

/** As a plan writes it: `+0.1 pp`, `+50 %`, `min(+0.1 pp, +50 %)`. */
function asWritten(margin: Margin | null): string | null {
  if (margin === null) return null;
  const sign = margin.direction === 'decrease' ? '-' : '+';
  const size = (value: number) => (margin.plain === true ? signed(value).slice(1) : points(value).slice(1));
  const absolute = margin.absolute === null ? null : `${sign}${size(margin.absolute)}`;
  const relative = margin.relative === null ? null : `${sign}${percent(margin.relative * 100)}`;
  if (absolute !== null && relative !== null) return `min(${absolute}, ${relative})`;
  return absolute ?? relative;
}
