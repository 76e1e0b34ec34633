import type { Sample } from '../plans/sample.ts';
import type { Counted } from './differences.ts';
import type { Cohort } from './plan-queries.ts';

/**
 * A cohort's series in two halves by instance (the plan's `source.replicas` label), to measure how much equal
 * cohorts differ. An instance stays in its half, as noise that lasts shows only there; with so few instances that
 * one half would be empty, they are cut in the middle of the order of their hashes. Undefined below two instances.
 */
export function halvesOf(cohort: readonly Counted[]): readonly [Counted[], Counted[]] | undefined {
  const names = namesOf(cohort);
  if (names.size < 2) return undefined;
  const ranked = [...names].map((name) => ({ name, hash: fnv1a(name) }));
  ranked.sort((a, b) => a.hash - b.hash || (a.name < b.name ? -1 : 1));
  let second = new Set(ranked.filter(({ hash }) => hash % 2 === 1).map(({ name }) => name));
  if (second.size === 0 || second.size === names.size) {
    second = new Set(ranked.slice(Math.floor(ranked.length / 2)).map(({ name }) => name));
  }
  const named = cohort.filter(({ series }) => series.replica !== '');
  return [
    named.filter(({ series }) => !second.has(series.replica)),
    named.filter(({ series }) => second.has(series.replica)),
  ];
}

function namesOf(cohort: readonly Counted[]): Set<string> {
  return new Set(cohort.map(({ series }) => series.replica).filter((replica) => replica !== ''));
}

/** How many instances each cohort was counted in; absent where a series names none, or a cohort has none. */
export function instancesOf(of: Record<Cohort, readonly Counted[]>): Pick<Sample, 'instances'> {
  const numberIn = (cohort: readonly Counted[]) =>
    cohort.every(({ series }) => series.replica !== '') ? namesOf(cohort).size : 0;
  const [baseline, canary] = [numberIn(of.baseline), numberIn(of.canary)];
  return baseline > 0 && canary > 0 ? { instances: { baseline, canary } } : {};
}

/** FNV-1a, 32 bits, with the finalizer of MurmurHash3, as the lowest bit alone decides. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
