import type { FlagState } from '../../../store/flag-contract.ts';

/** The flag that is watched; the first of its document by its name. */
export const WATCHED = '0-watched';
export const ENVIRONMENT = 'bench';

/** What the processes of the benchmark ask of one another, and the answers. */
export interface Asked {
  'server.start': { ask: { databaseUrl: string; dataDir: string }; reply: { sync: number; http: string } };
  'server.memory': { ask: null; reply: { heapMB: number; rssMB: number; streams: number } };
  'streams.open': { ask: { port: number; count: number }; reply: null };
  /** When each stream first had the watched flag at this revision or a later one: milliseconds since 1970. */
  'streams.seen': { ask: { revision: number }; reply: { times: number[] } };
  'requests.run': {
    ask: { url: string; perSecond: number; seconds: number; etag: boolean };
    reply: { times: number[]; failed: number; statuses: Record<string, number> };
  };
  'evaluation.run': {
    ask: { port: number; states: FlagState[]; file: string };
    /** `over`: what it takes more than the first one, in microseconds; turns that stand beside each other are compared. */
    reply: { name: string; times: number[]; over: number }[];
  };
  'cohorts.run': { ask: { keys: number }; reply: { percent: number; share: number; lost: number }[] };
}
export type Question = keyof Asked;

/** Finer than `Date.now`, and the same for all processes of one machine. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** The value below which this share lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
