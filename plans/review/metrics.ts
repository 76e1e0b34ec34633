import type { Path } from '../document.ts';
import type { Metric } from '../metric.ts';
import { isTested } from '../stages.ts';
import { type Margin, marginText } from '../units.ts';
import type { Review } from './context.ts';
import { nameTwice } from './names.ts';

interface Margins {
  soft?: Margin | undefined;
  hard?: Margin | undefined;
  improve?: Margin | undefined;
}

/** Metrics and their margins, here and where stages override them. */
export function reviewMetrics(review: Review): void {
  const { plan, error, sound } = review;
  nameTwice(review, 'metrics', plan.metrics);
  plan.metrics.forEach((metric, index) => {
    const path = ['metrics', index];
    if (metric.kind === 'ratio' && (metric.bad === undefined) === (metric.good === undefined)) {
      const both = metric.bad !== undefined;
      const message = both ? 'both `bad` and `good` are given' : 'neither `bad` nor `good` is given';
      const instead = 'exactly one: `bad:` counts errors and the like, `good:` orders and the like';
      error(both ? [...path, 'good'] : path, { rule: 'PLAN-RATIO', message, instead, key: both });
    }
    if (sound([...path, 'kind'])) reviewMargins(review, metric, { path, own: metric, inForce: metric });
  });
  plan.stages.forEach((stage, index) => {
    for (const [name, override] of Object.entries(stage.metrics)) {
      const metric = plan.metrics.find((one) => one.name === name);
      if (metric === undefined) continue;
      const inForce = {
        soft: override.soft ?? metric.soft,
        hard: override.hard ?? metric.hard,
        improve: override.improve ?? metric.improve,
      };
      reviewMargins(review, metric, { path: ['stages', index, 'metrics', name], own: override, inForce });
    }
  });
  reviewWeights(review);
}

function reviewMargins(
  review: Review,
  metric: Metric,
  at: { path: Path; own: Margins; inForce: Margins },
): void {
  const { error, sound } = review;
  const { path, own, inForce } = at;
  const worse = worseDirection(metric, inForce);
  for (const name of ['soft', 'hard', 'improve'] as const) {
    const margin = own[name];
    if (margin === undefined || !sound([...path, name])) continue;
    const wanted = worse === null || name !== 'improve' ? worse : opposite(worse);
    if (wanted !== null && margin.direction !== wanted) {
      error([...path, name], {
        rule: 'PLAN-DIRECTION',
        message: name === 'improve' ? 'this is no improvement' : harmless(metric),
        instead: marginText({ ...margin, direction: wanted }),
      });
    }
    reviewUnit(review, metric, { path: [...path, name], margin, hard: name === 'hard' });
    if (margin.absolute === 0 || margin.relative === 0) {
      error([...path, name], {
        rule: 'PLAN-MARGIN',
        message: 'a margin of 0 stops a canary that is as good as the baseline',
        instead: 'the smallest harm that matters',
      });
    }
  }
  const { soft, hard } = inForce;
  if (soft === undefined || hard === undefined || !sound([...path, 'soft']) || !sound([...path, 'hard']))
    return;
  if (isLess(hard.absolute, soft.absolute) || isLess(hard.relative, soft.relative)) {
    const name = own.hard === undefined ? 'soft' : 'hard';
    const instead = name === 'hard' ? `${marginText(soft)} or more` : `${marginText(hard)} or less`;
    const message = `the hard margin, ${marginText(hard)}, is smaller than the soft one, ${marginText(soft)}`;
    error([...path, name], { rule: 'PLAN-MARGIN', message, instead });
  }
}

/** Where the harm lies; null: a ratio that says both or neither, of which nothing more can be said. */
function worseDirection(metric: Metric, { soft, hard, improve }: Margins): Margin['direction'] | null {
  switch (metric.kind) {
    case 'ratio':
      if ((metric.bad === undefined) === (metric.good === undefined))
        return metric.bad === undefined ? 'increase' : null;
      return metric.bad === undefined ? 'decrease' : 'increase';
    case 'latency':
      return 'increase';
    case 'mean':
    case 'gauge': {
      // The first of them that is written says it.
      const harm = soft ?? hard;
      return harm?.direction ?? (improve === undefined ? null : opposite(improve.direction));
    }
  }
}

function opposite(direction: Margin['direction']): Margin['direction'] {
  return direction === 'increase' ? 'decrease' : 'increase';
}

function harmless(metric: Metric): string {
  switch (metric.kind) {
    case 'ratio':
      return metric.bad === undefined
        ? 'more of the good events is no harm'
        : 'fewer of the bad events is no harm';
    case 'latency':
      return 'less latency is no harm';
    case 'mean':
    case 'gauge':
      return 'the margins of a metric point to the same side';
  }
}

function reviewUnit(
  { error }: Review,
  { kind }: Metric,
  { path, margin, hard }: { path: Path; margin: Margin; hard: boolean },
): void {
  if (margin.absolute === null) return;
  const sign = margin.direction === 'increase' ? '+' : '-';
  if (kind === 'latency') {
    error(path, {
      rule: 'PLAN-UNIT',
      message: 'latency is compared with that of the baseline, not in percentage points',
      instead: `a share of it, such as ${sign}${hard ? 50 : 20}%`,
    });
  } else if (kind === 'ratio' && margin.plain === true) {
    error(path, {
      rule: 'PLAN-UNIT',
      message: 'the margin of a ratio needs its unit',
      instead: `percentage points or a share, such as ${sign}0.5pp or ${sign}20%`,
    });
  } else if (kind !== 'ratio' && margin.plain !== true) {
    error(path, {
      rule: 'PLAN-UNIT',
      message: `a ${kind} has a unit of its own, which is not percentage points`,
      instead: `a plain number or a share, such as ${sign}5 or ${sign}20%`,
    });
  }
}

function isLess(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && a < b;
}

function reviewWeights({ plan, error, sound }: Review): void {
  if (plan.metrics.some((_, index) => !sound(['metrics', index]) || !sound(['metrics', index, 'weight'])))
    return;
  const tested = plan.metrics.filter((metric) => isTested(plan, metric));
  plan.metrics.forEach((metric, index) => {
    if (metric.weight === undefined || tested.includes(metric)) return;
    const message = 'a metric without a margin carries no evidence, so that its weight is lost';
    error(['metrics', index, 'weight'], {
      rule: 'PLAN-WEIGHT',
      message,
      instead: 'add `soft:`, or take the weight out',
    });
  });
  const sum = tested.reduce((total, { weight }) => total + (weight ?? 0), 0);
  const open = tested.filter(({ weight }) => weight === undefined).length;
  const shown = Number(sum.toFixed(6));
  const last = plan.metrics.findLastIndex((metric) => metric.weight !== undefined && tested.includes(metric));
  if (last < 0) return;
  if (open === 0 && Math.abs(sum - 1) > 1e-6) {
    const rest = Number((1 - sum + (plan.metrics[last]?.weight ?? 0)).toFixed(6));
    const instead =
      rest > 0 ? `weights that sum to 1: ${rest} here, if the others stay` : 'weights that sum to 1';
    error(['metrics', last, 'weight'], {
      rule: 'PLAN-WEIGHT',
      message: `the weights sum to ${shown}`,
      instead,
    });
  }
  if (open > 0 && sum >= 1 - 1e-6) {
    const message = `the weights sum to ${shown} already, and ${open === 1 ? 'a metric has' : `${open} metrics have`} none`;
    error(['metrics', last, 'weight'], {
      rule: 'PLAN-WEIGHT',
      message,
      instead: 'less than 1 in sum, so that the others share the rest',
    });
  }
}
