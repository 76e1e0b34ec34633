import type { Path } from '../document.ts';
import type { Metric } from '../plan.ts';
import { isTested } from '../stages.ts';
import type { Margin } from '../units.ts';
import type { Review } from './context.ts';
import { nameTwice } from './names.ts';

interface Margins {
  soft?: Margin | undefined;
  hard?: Margin | undefined;
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
      const inForce = { soft: override.soft ?? metric.soft, hard: override.hard ?? metric.hard };
      reviewMargins(review, metric, { path: ['stages', index, 'metrics', name], own: override, inForce });
    }
  });
  reviewWeights(review);
}

function reviewMargins(
  { error, sound }: Review,
  metric: Metric,
  at: { path: Path; own: Margins; inForce: Margins },
): void {
  const { path, own, inForce } = at;
  const isGood = metric.kind === 'ratio' && metric.good !== undefined && metric.bad === undefined;
  const sign = isGood ? '-' : '+';
  for (const name of ['soft', 'hard'] as const) {
    const margin = own[name];
    if (margin === undefined || !sound([...path, name])) continue;
    if (
      (margin.direction === 'decrease') !== isGood &&
      !(metric.kind === 'ratio' && metric.bad !== undefined && metric.good !== undefined)
    ) {
      const what =
        metric.kind === 'latency'
          ? 'less latency'
          : isGood
            ? `more of the good events`
            : 'fewer of the bad events';
      error([...path, name], {
        rule: 'PLAN-DIRECTION',
        message: `${what} is no harm`,
        instead: marginText({ ...margin, direction: isGood ? 'decrease' : 'increase' }),
      });
    }
    if (metric.kind === 'latency' && margin.absolute !== null) {
      const instead = `a share of it, such as ${sign}${name === 'soft' ? 20 : 50}%`;
      error([...path, name], {
        rule: 'PLAN-UNIT',
        message: 'latency is compared with that of the baseline, not in percentage points',
        instead,
      });
    }
    if (margin.absolute === 0 || margin.relative === 0) {
      const instead = 'the smallest harm that matters';
      error([...path, name], {
        rule: 'PLAN-MARGIN',
        message: 'a margin of 0 stops a canary that is as good as the baseline',
        instead,
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

/** A margin as people write it. */
function marginText({ direction, absolute, relative }: Margin): string {
  const sign = direction === 'increase' ? '+' : '-';
  const of = (value: number, unit: string) => `${sign}${Number((value * 100).toPrecision(10))}${unit}`;
  if (absolute !== null && relative !== null) return `min(${of(absolute, 'pp')}, ${of(relative, '%')})`;
  return absolute === null ? of(relative ?? 0, '%') : of(absolute, 'pp');
}
