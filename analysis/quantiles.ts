import type { Plan } from '../plans/plan.ts';
import type { HistorySample, Sample } from '../plans/sample.ts';
import { partName, planSlices, sliceMetrics } from '../plans/slices.ts';
import { isSound, sliceHistory } from './history.ts';
import { enterQuantiles, observeQuantiles, openQuantiles, type QuantileSeries } from './quantile-noise.ts';
import { finished, type Steps } from './unhurried.ts';

/** Of every latency, by its name, and by `latency{tier=enterprise}` that of a slice. */
export type Quantiles = Readonly<Record<string, QuantileSeries>>;

interface Part {
  name: string;
  metric: Extract<Plan['metrics'][number], { kind: 'latency' }>;
  slice: string | null;
}

function partsOf(plan: Plan): Part[] {
  const whole = plan.metrics.map((metric) => ({ metric, slice: null }));
  const slices = planSlices(plan).flatMap((slice) =>
    sliceMetrics(plan, slice).map((metric) => ({ metric, slice })),
  );
  return [...whole, ...slices].flatMap(({ metric, slice }) =>
    metric.kind === 'latency'
      ? [{ metric, slice, name: partName({ metric: metric.name, slice: slice ?? undefined }) }]
      : [],
  );
}

/** Before the first stage, from the time before. */
export function* openAllQuantiles(plan: Plan, history: readonly HistorySample[]): Steps<Quantiles> {
  const sound = history.filter(isSound);
  const { noise } = plan.analysis;
  const opened: Record<string, QuantileSeries> = {};
  for (const { metric, slice, name } of partsOf(plan)) {
    const own = slice === null ? sound : sliceHistory(sound, slice);
    opened[name] = yield* openQuantiles({ metric, slice, noise, history: own });
  }
  return opened;
}

/** A stage is entered. */
export function enterAllQuantiles(known: Quantiles): Quantiles {
  return Object.fromEntries(
    Object.entries(known).map(([name, series]) => [name, enterQuantiles(series)] as const),
  );
}

/** One poll; null: the window was rejected. */
export function observeAllQuantiles(known: Quantiles, plan: Plan, sample: Sample | null): Quantiles {
  if (sample === null) return known;
  const observed = partsOf(plan).map(({ metric, slice, name }) => {
    const here = slice === null ? sample : sample.slices?.[slice];
    const series =
      known[name] ?? finished(openQuantiles({ metric, slice, noise: plan.analysis.noise, history: [] }));
    // What the plan has only had since an amendment begins with it.
    const next = here === undefined ? series : observeQuantiles(series, { metric, slice }, here);
    return [name, next] as const;
  });
  return Object.fromEntries(observed);
}
