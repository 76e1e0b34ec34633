import type { Buckets, CohortSample, Count, Sample } from '../plans/sample.ts';
import { sliceOf } from '../plans/slices.ts';

/*
 * What a window would have shown had these slices been in neither cohort. The metrics of a running rollout leave their series out;
 * of what is recorded already they are taken out again.
 */

/**
 * A sample without `gone`, which are of one label, so that no request is taken out twice: of several labels the first one counts.
 * Counts and histograms are taken out where the slice has them; what it has not, such as a latency without its label, stays whole.
 * A half that a slice does not tell measures nothing any more.
 */
export function withoutSlices(sample: Sample, gone: readonly string[]): Sample {
  const parts = sameLabel(gone).flatMap((slice) => sample.slices?.[slice] ?? []);
  if (parts.length === 0) return sample;
  const { halves, canaryHalves, slices = {}, ...others } = sample;
  const pair = (of: 'halves' | 'canaryHalves', whole: Sample['halves']) => {
    const own = parts.flatMap((part) => (part[of] === undefined ? [] : [part[of]]));
    if (whole === undefined || own.length < parts.length) return {};
    return {
      [of]: whole.map((half, i) =>
        cohortWithout(
          half,
          own.map((one) => one[i]),
        ),
      ),
    };
  };
  return {
    ...others,
    baseline: cohortWithout(
      sample.baseline,
      parts.map((part) => part.baseline),
    ),
    canary: cohortWithout(
      sample.canary,
      parts.map((part) => part.canary),
    ),
    ...pair('halves', halves),
    ...pair('canaryHalves', canaryHalves),
    slices: Object.fromEntries(Object.entries(slices).filter(([slice]) => !gone.includes(slice))),
  };
}

/** Those of the label of the first. */
export function sameLabel(slices: readonly string[]): string[] {
  const [first] = slices;
  return first === undefined ? [] : slices.filter((one) => sliceOf(one).label === sliceOf(first).label);
}

/** The rest of a count; all of it where the parts have more than it has. */
export function countWithout(whole: Count, parts: readonly Count[]): Count {
  const events = rest(
    whole.events,
    parts.map((one) => one.events),
  );
  const total = rest(
    whole.total,
    parts.map((one) => one.total),
  );
  return events < 0 || total < 0 ? whole : { events, total };
}

function cohortWithout(whole: CohortSample, parts: readonly (CohortSample | undefined)[]): CohortSample {
  const told = parts.filter((part) => part !== undefined);
  const users = told.flatMap((part) => part.users ?? []);
  const requests = rest(
    whole.requests,
    told.map((part) => part.requests),
  );
  return {
    ...whole,
    requests: Math.max(0, requests),
    ratios: mapped(whole.ratios, (count, name) =>
      countWithout(
        count,
        told.flatMap(({ ratios }) => ratios[name] ?? []),
      ),
    ),
    histograms: mapped(whole.histograms, (buckets, name) =>
      bucketsWithout(
        buckets,
        told.flatMap(({ histograms }) => (histograms[name] === undefined ? [] : [histograms[name]])),
      ),
    ),
    ...(whole.users === undefined || users.length < told.length
      ? {}
      : { users: Math.max(0, rest(whole.users, users)) }),
  };
}

/** Both have the edges of the whole. */
function bucketsWithout(whole: Buckets, parts: readonly Buckets[]): Buckets {
  const left = whole.map(([edge, count], i): Buckets[number] => [
    edge,
    rest(
      count,
      parts.map((part) => (part[i]?.[0] === edge ? part[i][1] : 0)),
    ),
  ]);
  const sound = left.every(([, count], i) => count >= (left[i - 1]?.[1] ?? 0));
  return sound ? left : whole;
}

function rest(whole: number, parts: readonly number[]): number {
  return parts.reduce((left, part) => left - part, whole);
}

function mapped<T>(all: Record<string, T>, by: (one: T, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, by(one, name)]));
}
