import type { Buckets, CohortSample, Sample } from '../plans/sample.ts';

function buckets(of: Buckets): Record<string, number> {
  return Object.fromEntries(of.map(([edge, count]) => [String(edge), count]));
}

function cohort(sample: CohortSample): Record<string, unknown> {
  const ratios = Object.entries(sample.ratios).map(([name, { events, total }]) => [
    name,
    total === sample.requests ? events : { bad: events, total },
  ]);
  const histograms = Object.entries(sample.histograms);
  // One histogram is the rollout's latency, whatever the plan calls it; several keep their names.
  const latency = histograms.map(([name, of]) => [histograms.length === 1 ? 'latency' : name, buckets(of)]);
  return {
    requests: sample.requests,
    ...Object.fromEntries([...ratios, ...latency]),
    ...(sample.users === undefined ? {} : { users: sample.users }),
  };
}

/** One poll as a line of a trace, the form that `backtest` reads. */
export function traceLine(rollout: string, sample: Sample): Record<string, unknown> {
  return {
    rollout,
    stage: sample.stage,
    t: sample.t,
    baseline: {
      ...cohort(sample.baseline),
      ...(sample.halves === undefined ? {} : { halves: sample.halves.map(cohort) }),
    },
    canary: cohort(sample.canary),
  };
}
