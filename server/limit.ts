export interface Limit {
  /** 0: go on; else in how many whole seconds the next request of this caller is taken. */
  take(caller: string): number;
}

interface Bucket {
  left: number;
  at: number;
}

const MOST_CALLERS = 10_000;

/** So many requests a second for each caller, and as many at once after a rest. Null: no limit. `now`: milliseconds. */
export function createLimit(perSecond: number | null, now: () => number): Limit {
  if (perSecond === null) return { take: () => 0 };
  const buckets = new Map<string, Bucket>();
  const most = Math.max(1, perSecond);

  function filled(bucket: Bucket): number {
    return Math.min(most, bucket.left + ((now() - bucket.at) / 1000) * (perSecond ?? 0));
  }

  function forgetRested(): void {
    for (const [caller, bucket] of buckets) if (filled(bucket) >= most) buckets.delete(caller);
    // All of them busy: rather some get a new allowance than the memory grows.
    if (buckets.size >= MOST_CALLERS) buckets.clear();
  }

  return {
    take(caller) {
      if (buckets.size >= MOST_CALLERS && !buckets.has(caller)) forgetRested();
      const left = filled(buckets.get(caller) ?? { left: most, at: now() });
      buckets.set(caller, { left: left >= 1 ? left - 1 : left, at: now() });
      return left >= 1 ? 0 : Math.ceil((1 - left) / perSecond);
    },
  };
}
