import { setTimeout as wait } from 'node:timers/promises';
import type { FlagdAddresses } from '../../client/provider.ts';
import type { Fault } from './fault.ts';
import type { FaultReport } from './fault-watch.ts';
import type { ExposureReply } from './front-admin.ts';
import type { Listening } from './http.ts';
import type { LoadStatus } from './load.ts';
import { type Part, startApart, startHere } from './parts.ts';

export interface ShopOptions {
  /** Where the flags come from. */
  flagd: FlagdAddresses;
  /** Parts as processes of their own (the default), or all of them in this one. */
  mode?: 'processes' | 'in-process';
  /** How many fronts; two or more split the baseline's series in halves. Default 2. */
  instances?: number;
  /** A port that is left out is a free one. */
  ports?: { fronts?: readonly number[]; baseline?: number; canary?: number; load?: number };
  /** Requests per second and, if it shall stop by itself, for how many seconds; null for no load. */
  load?: { rate?: number; seconds?: number } | null;
  seed?: number;
  /** Called when a part's process ends without having been asked to. */
  onExit?: (what: string) => void;
}

export interface Shop {
  fronts: string[];
  baseline: string;
  canary: string;
  /** `host:port` of each front, for Prometheus: path `/metrics`. */
  metricsTargets: string[];
  /** Process ids of baseline, canary, fronts and load; empty when all runs in this process. */
  pids: number[];
  /** Makes the new path bad, in place of what was bad of the same flag; null heals all of it. */
  fault(fault: Fault | null): Promise<void>;
  /** Heals the new path of one flag. */
  heal(flag: string): Promise<void>;
  /** When the first and the last response touched by the present fault were served, epoch milliseconds. */
  bad(): Promise<FaultReport>;
  /** How many of the synthetic users each front gives the canary. */
  exposure(flag: string, users?: number): Promise<ExposureReply[]>;
  loadStatus(): Promise<LoadStatus | null>;
  stop(): Promise<void>;
}

const FLAGS_MS = 10_000;

/**
 * Starts the whole shop and waits until all parts listen and the flags have arrived; without flags it goes on after
 * ten seconds, with everybody on the old path. Rejects, with everything stopped, when a part cannot start.
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const { flagd, mode = 'processes', instances = 2, ports = {}, load = {}, seed = 1, onExit } = options;
  const parts: Listening[] = [];
  const start = async (part: Part): Promise<Listening> => {
    const started = await (mode === 'processes' ? startApart(part, onExit) : startHere(part));
    parts.push(started);
    return started;
  };
  const stop = async () => {
    // Last started, first stopped: a shop that closes under its load would count failures.
    for (const part of parts.splice(0).toReversed()) await part.close();
  };
  try {
    const [baseline, canary] = await allOrNone([
      start({ role: 'baseline', port: ports.baseline ?? 0, seed }),
      start({ role: 'canary', port: ports.canary ?? 0, seed: seed + 1 }),
    ]);
    const paths = { baseline: baseline.url, canary: canary.url };
    const numbers = Array.from({ length: instances }, (_, i) => ports.fronts?.[i] ?? 0);
    const fronts = await allOrNone(numbers.map((port) => start({ role: 'front', port, flagd, ...paths })));
    const urls = fronts.map(({ url }) => url);
    await Promise.all(urls.map(flagsReady));
    const traffic =
      load === null
        ? null
        : await start({ role: 'load', port: ports.load ?? 0, load: { fronts: urls, seed, ...load } });
    return {
      fronts: urls,
      ...paths,
      metricsTargets: fronts.map(({ port }) => `127.0.0.1:${port}`),
      pids: [baseline, canary, ...fronts, ...(traffic === null ? [] : [traffic])].flatMap((part) =>
        'pid' in part && typeof part.pid === 'number' ? [part.pid] : [],
      ),
      fault: (fault) =>
        setFault(
          `${paths.canary}/_fault`,
          fault === null ? HEAL : { method: 'POST', body: JSON.stringify(fault) },
        ),
      heal: (flag) => setFault(`${paths.canary}/_fault?flag=${encodeURIComponent(flag)}`, HEAL),
      bad: async () => merged(await Promise.all(urls.map((url) => getJson<FaultReport>(`${url}/_fault`)))),
      exposure: (flag, users = 1_000) => {
        const query = new URLSearchParams({ flag, users: String(users) });
        return Promise.all(urls.map((url) => getJson<ExposureReply>(`${url}/_exposure?${query.toString()}`)));
      },
      loadStatus: async () => (traffic === null ? null : getJson<LoadStatus>(traffic.url)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for all, so that none is still starting when the first failure is reported. */
async function allOrNone<const P extends readonly Promise<unknown>[]>(
  starting: P,
): Promise<{ -readonly [K in keyof P]: Awaited<P[K]> }> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

async function flagsReady(front: string): Promise<void> {
  const deadline = Date.now() + FLAGS_MS;
  while (Date.now() < deadline) {
    const { flags } = await getJson<{ flags: string }>(`${front}/_health`);
    if (flags === 'READY') return;
    await wait(20);
  }
}

const HEAL = { method: 'DELETE' };

async function setFault(url: string, request: RequestInit): Promise<void> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`The shop refused the fault: ${await response.text()}`);
}

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return (await response.json()) as T;
}

function merged(reports: FaultReport[]): FaultReport {
  const seen = reports.filter(({ firstBadAt }) => firstBadAt !== null);
  const times = (pick: (report: FaultReport) => number | null) => seen.map((report) => pick(report) ?? 0);
  return {
    firstBadAt: seen.length === 0 ? null : Math.min(...times(({ firstBadAt }) => firstBadAt)),
    lastBadAt: seen.length === 0 ? null : Math.max(...times(({ lastBadAt }) => lastBadAt)),
    count: reports.reduce((sum, { count }) => sum + count, 0),
  };
}
