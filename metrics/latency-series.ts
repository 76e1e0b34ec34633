import type { Counted } from './differences.ts';
import { classicEdges } from './histograms.ts';
import { growthKnows } from './native-histogram.ts';
import { histogramText } from './series.ts';

/** Bucket edges under test by latency; what is counted must not change its edges while they are. */
export type EdgesUnderTest = Readonly<Record<string, readonly number[]>>;

/**
 * Each histogram once, where a process exposes it both as classic buckets and as a native histogram: the native ones,
 * whose edges are finer, if all have them; the classic ones if only these are everywhere, or if more of the edges under
 * test are theirs. Where neither is everywhere, each process gives what it has.
 */
export function singleHistograms(counted: readonly Counted[], edges: EdgesUnderTest): Counted[] {
  const dropped = new Set<Counted>();
  for (const metric of new Set(
    counted.flatMap((one) => (one.growth === undefined ? [] : one.series.metric)),
  )) {
    const of = counted.filter(({ series }) => series.metric === metric);
    for (const one of doubles(of, edges[metric] ?? [])) dropped.add(one);
  }
  return dropped.size === 0 ? [...counted] : counted.filter((one) => !dropped.has(one));
}

function doubles(counted: readonly Counted[], wanted: readonly number[]): Counted[] {
  const classic = byHistogram(counted.filter(({ series }) => series.role === 'buckets'));
  if (classic.size === 0) return [];
  const native = byHistogram(counted.filter(({ growth }) => growth !== undefined));
  // One that was switched on in this window has counted before: all that it holds is not what was served since.
  const late = [...native].filter(
    ([key, [one]]) => one?.born === true && classic.get(key)?.some(({ born }) => !born) === true,
  );
  for (const [key] of late) native.delete(key);
  const all = late.flatMap(([, ones]) => ones);
  const natives = [...native.values()].flat();
  const classics = [...classic.values()].flat();
  const covers = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>) =>
    [...b.keys()].every((key) => a.has(key));
  const [nativeAll, classicAll] = [covers(native, classic), covers(classic, native)];
  if (classicAll && (!nativeAll || shown(classics, wanted) > shown(natives, wanted)))
    return [...all, ...natives];
  return [...all, ...[...classic].flatMap(([key, ones]) => (native.has(key) ? ones : []))];
}

/** How many of the edges under test all of them have. */
function shown(counted: readonly Counted[], wanted: readonly number[]): number {
  const growths = counted.flatMap(({ growth }) => (growth === undefined ? [] : [growth]));
  const classic = classicEdges(counted.filter(({ growth }) => growth === undefined));
  return wanted.filter(
    (edge) =>
      (classic === null || classic.includes(edge)) && growths.every((growth) => growthKnows(growth, edge)),
  ).length;
}

/** Series by the histogram that they are of. */
function byHistogram(counted: readonly Counted[]): Map<string, Counted[]> {
  const groups = new Map<string, Counted[]>();
  for (const one of counted) {
    const key = histogramText(one.series.labels);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}
