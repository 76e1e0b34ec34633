import type { MetricAssessment, Severed } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import { partName, severable } from '../plans/slices.ts';
import { lnMixture } from './kernel.ts';
import type { Finding } from './metric-findings.ts';
import { stopReason } from './reason.ts';
import type { Share } from './weights.ts';

/**
 * A slice that the plan takes off by itself stops nothing else: the rest has its own part of the evidence, which is no more than
 * all of it. Those that carry a stop which the rest alone is not are to be taken off; a hard stop of the rest comes before them.
 */
export function stopsOf(
  all: readonly Finding[],
  { plan, ...bar }: Bar & { plan: Plan },
): { found: Stop; severed: Finding[] } {
  const alone = severable(plan);
  const isApart = ({ slice }: Finding) => slice !== null && alone.has(slice);
  const apart = all.filter(isApart);
  const rest = apart.length === 0 ? all : all.filter((one) => !isApart(one));
  const found = stopOf(rest, bar);
  if (apart.length === 0 || found.severity === 'hard') return { found, severed: [] };
  const together = stopOf(all, bar);
  const carrying = apart.filter((one) => together.carriers.has(nameOf(one)));
  if (carrying.length === 0)
    return { found: { ...found, doubt: found.doubt ?? together.doubt }, severed: [] };
  // Each slice once, by the metric that says most against it.
  const worst = new Map<string, Finding>();
  for (const one of carrying.toSorted((a, b) => b.assessment.lnE - a.assessment.lnE))
    if (!worst.has(one.slice ?? '')) worst.set(one.slice ?? '', one);
  const slices = [...worst.values()];
  return { found, severed: together.alone || found.severity !== null ? slices : slices.slice(0, 1) };
}

export function tellSevered(
  severed: readonly Finding[],
  metrics: readonly MetricAssessment[],
  plan: Plan,
): Severed[] {
  return severed.flatMap((finding) => {
    const { metric, slice, severity, assessment: seen } = finding;
    if (slice === null) return [];
    const who = severable(plan).get(slice) ?? slice;
    const all =
      metrics.find((one) => one.metric === metric.name && one.slice === undefined)?.canaryRequests ?? 0;
    const share = all > 0 ? Math.min(1, seen.canaryRequests / all) : null;
    const reason = stopReason({ ...seen, verdict: severity }, finding);
    return { slice, who, metric: metric.name, severity, reason, share };
  });
}

export interface Stop {
  lnE: number;
  /** Each of the carriers is enough by itself. */
  alone: boolean;
  /** Names of what carries a stop, metrics and slices of them; empty: nothing stops. */
  carriers: ReadonlySet<string>;
  severity: 'soft' | 'hard' | null;
  metric: Finding | null;
  /** The metric that would stop it, were the canary's noise known; null: nothing would. */
  doubt: Finding | null;
}

/** ln of the evidence that stops a rollout. */
export function thresholdOf({ analysis }: Plan): number {
  return Math.log(1 / Math.max(analysis.falseRollback, 1e-12));
}

/** What a stop must reach: shares of the evidence, and ln(1/falseRollback). */
interface Bar {
  shares: readonly Share[];
  threshold: number;
  /** Seconds of polls for which it has been in doubt. */
  stood: number;
}

/** Seconds of polls without a break after which a doubtful stop is one, if it is still so. */
export const STANDS = 30 * 60;

/**
 * Stop when the mixture over the metrics reaches 1/alpha. Metrics whose weighted evidence does so alone carry it;
 * else all that contribute do. One of them beyond its hard margin makes the stop hard.
 */
function stopOf(findings: readonly Finding[], { shares, threshold, stood }: Bar): Stop {
  const weights = new Map(shares.map((share) => [partName(share), share.weight]));
  const parts = findings.map((finding) => {
    const weight = weights.get(nameOf(finding)) ?? 0;
    const { lnE } = finding.assessment;
    return {
      finding,
      weight,
      lnE,
      lnWeighted: weight > 0 ? Math.log(weight) + lnE : Number.NEGATIVE_INFINITY,
    };
  });
  const weighed = parts.some(({ weight }) => weight > 0);
  const lnE = weighed ? lnMixture(parts) : 0;
  if (!weighed || lnE < threshold)
    return { lnE, alone: false, carriers: new Set(), severity: null, metric: null, doubt: null };
  const alone = parts.filter(({ lnWeighted }) => lnWeighted >= threshold);
  const carrying = alone.length > 0 ? alone : parts.filter((part) => part.weight > 0 && part.lnE > 0);
  const severity = carrying.some(({ finding }) => finding.severity === 'hard') ? 'hard' : 'soft';
  const [first] = carrying
    .filter(({ finding }) => finding.severity === severity)
    .sort((a, b) => b.lnWeighted - a.lnWeighted || nameOf(a.finding).localeCompare(nameOf(b.finding)));
  const isFirm = () =>
    lnMixture(parts.map(({ finding, weight }) => ({ weight, lnE: finding.lnFirm() }))) >= threshold;
  if (stood < STANDS && !isFirm())
    return {
      lnE,
      alone: false,
      carriers: new Set(),
      severity: null,
      metric: null,
      doubt: first?.finding ?? null,
    };
  return {
    lnE,
    alone: alone.length > 0,
    carriers: new Set(carrying.map(({ finding }) => nameOf(finding))),
    severity,
    metric: first?.finding ?? null,
    doubt: null,
  };
}

/** What the findings are without regard to how long they have been it. */
export function presentStop(findings: readonly Finding[], bar: Omit<Bar, 'stood'>): Stop {
  return stopOf(findings, { ...bar, stood: 0 });
}

/**
 * True where what is in doubt is still so: the latest half of the time by itself would be a stop. Evidence outlasts what it is of, and
 * noise of some minutes is gone by then.
 */
export function isLasting(doubt: Finding, plan: Plan): boolean {
  const lately = doubt.lnLately(STANDS / 2 / plan.source.poll);
  return lately !== null && lately >= thresholdOf(plan);
}

/** As the plan's shares name it. */
export function nameOf({ metric, slice }: Finding): string {
  return partName({ metric: metric.name, slice });
}
