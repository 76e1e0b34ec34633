/**
 * What the method's own simulation reached, before this code was written, on traces of its own: shares in %, times in
 * seconds from the onset. Null: not told. Its detection figures are with 24 h of history and a restart every five minutes.
 */
export const SOURCE = "the method's own simulation";

/** False rollbacks per rollout in %, by judge, for S0, S1, S2, S2b, S3, S3b, S4, S5, S6. */
const FALSE: Readonly<Record<string, readonly (number | null)[]>> = {
  'canary > 1 %, 3 minutes in a row': [39, 94, 93, 94, 94, 94, 0.4, 100, 99],
  '1-minute success < 99 %, 5 failed checks': [99, 100, 100, 100, 100, 100, 4, 100, 100],
  '5-min difference > 0.5 pp': [83, 79, 82, 88, 88, 92, 8, 100, 100],
  'Mann-Whitney, 98 %, tolerance 0.25': [2.7, 0.1, 0.4, 0.2, 3.1, 23, 0.1, 0, 0],
  'pooled z-test at every poll': [21, 69, 72, 73, 72, 76, 55, 79, 55],
  '24 h of history': [0, 0, 0, 0.1, 0, 0.3, 0, 0.1, 0],
  'halves alone': [0.1, 0.1, 0.1, 0.1, null, 0.8, 0.1, 0.1, 0.1],
};
const EDGE = [0.2, 0.1, 0.1, 0.5, 0.1, 0.6, 0.1, 0.4, 0.1] as const;
const ORDER = ['S0', 'S1', 'S2', 'S2b', 'S3', 'S3b', 'S4', 'S5', 'S6'] as const;

/** What is to be reached at most, in %. */
export const LIMITS = { aa: 1, edge: 2, proof: 5 } as const;

/** Null: not told. */
export function falseTarget(judge: string, id: string): number | null {
  const [group, scenario] = id.split('/');
  const at = ORDER.findIndex((name) => name === scenario);
  if (at < 0) return null;
  if (group === 'edge') return judge === '24 h of history' ? (EDGE[at] ?? null) : null;
  return FALSE[judge]?.[at] ?? null;
}

export interface FindTarget {
  /** Found within the hour, in %. */
  share: number | null;
  median: number;
}

const found = (share: number | null, median: number): FindTarget => ({ share, median });

const FIND: Readonly<Record<string, FindTarget>> = {
  'find/S2/1%/+0.5pp': found(52, 1980),
  'find/S2/1%/+1pp': found(98, 840),
  'find/S2/1%/+2pp': found(null, 240),
  'find/S2/1%/+5pp': found(null, 60),
  'find/S2/5%/+0.3pp': found(59, 2048),
  'find/S2/5%/+0.5pp': found(99, 915),
  'find/S2/5%/+1pp': found(null, 240),
  'find/S2/5%/+2pp': found(null, 75),
  'find/S2/5%/+5pp': found(null, 30),
  'find/S2/25%/+0.3pp': found(91, 1320),
  'find/S2/25%/+0.5pp': found(null, 390),
  'find/S2/25%/+1pp': found(null, 112),
  'find/S2/25%/+2pp': found(null, 45),
  'find/S2/25%/+5pp': found(null, 15),
  'find/S2/50%/+0.5pp': found(null, 375),
  'find/S2/50%/+1pp': found(null, 135),
  'find/S2/50%/+2pp': found(null, 60),
  'find/S2/25%/onset 35m/+0.5pp': found(98, 510),
  'find/S2/25%/onset 35m/+1pp': found(null, 150),
  'find/S2/25%/onset 35m/+5pp': found(null, 30),
  'find/S2 days/5%/onset 15h/+0.5pp': found(null, 1605),
  'find/S2 days/5%/onset 15h/+1pp': found(null, 495),
  'find/S2 days/5%/onset 15h/+2pp': found(null, 165),
  'find/S2 days/5%/onset 15h/+5pp': found(null, 75),
  'find/S2 days/25%/onset 15h/+0.3pp': found(null, 2385),
  'find/S2 days/25%/onset 15h/+0.5pp': found(null, 660),
  'find/S2 days/25%/onset 15h/+1pp': found(null, 225),
  'find/S2 days/25%/onset 15h/+5pp': found(null, 45),
  'find/S2 week/50%/onset 4d/+0.5pp': found(null, 810),
  'find/S2 week/50%/onset 4d/+1pp': found(null, 292),
  'latency/1%/x1.5': found(null, 165),
  'latency/1%/x2': found(null, 30),
  'latency/1%/x3': found(null, 15),
  'proof/S2/25%/equal': found(null, 135),
  'proof/S3/25%/equal': found(null, 390),
  'proof/S3b/25%/equal': found(null, 1230),
};

/** The simulation says neither how its traffic moved nor how many stages, buckets and noise it had: all of ours are held against it. */
export function findTarget(id: string): FindTarget | undefined {
  return FIND[id.replace(/^find\/[ST]2 alone\//, 'find/S2/').replace(/^latency\/[^/]+/, 'latency')];
}

/** Called hard, in %, over all stages: the range told for a size of the regression. */
export const HARD: Readonly<Record<string, readonly [number, number]>> = {
  '+0.3pp': [1, 46],
  '+0.7pp': [76, 99],
  '+1pp': [99, 100],
};
