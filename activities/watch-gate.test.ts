import { asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planOf, reading } from '../analysis/traffic.fixture.ts';
import type { FlagProvider, FlagReading, FlagWrite } from '../flags/provider.ts';
import type { MetricSource } from '../metrics/source.ts';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import type { CohortSample } from '../plans/sample.ts';
import type { GateRequest } from '../rollout/command.ts';
import type { GateReport } from '../rollout/event.ts';
import type { RolloutStore } from '../store/store.ts';
import type { ActivityParts } from './parts.ts';
import { createGateActivity } from './watch-gate.ts';

const START = 1_800_000_000;
const POLL = 15;
const SLICE = 'tenant=acme';
const SERVED: Exposure = { percent: 5, segments: [], variant: null };

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: (START + POLL) * 1000 }));
afterEach(() => void vi.useRealTimers());

const plan = (more: object = {}) =>
  planOf({
    stages: [{ name: '5%', percent: 5, bake: '6h', lease: '10m' }],
    // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
    coverage: [{ slice: SLICE, minRequests: 1, then: 'exclude' }],
    ...more,
  });

/** Errors of the canary in the whole and in the slice, by the number of the poll. */
type Rates = (poll: number) => { all: number; slice: number };

function cohort(requests: number, rate: number): CohortSample {
  const events = Math.round(requests * rate);
  return { requests, ratios: { errors: { events, total: requests } }, histograms: {} };
}

/** A gate whose windows are all over, with a flag that it may write and a Temporal that answers from a poll on. */
async function gate(
  rates: Rates,
  {
    back = Number.POSITIVE_INFINITY,
    of = plan(),
    known = '',
    cancelled = { poll: Number.POSITIVE_INFINITY, timedOut: true },
    stop = Number.POSITIVE_INFINITY,
  } = {},
) {
  const flag: FlagReading = {
    environment: 'production',
    key: 'pricing-v2',
    exposure: SERVED,
    revision: 7,
    epoch: 3,
    rolloutId: 'r1',
    latch: null,
    lease: { until: Date.now() + 300_000, fallback: NO_EXPOSURE },
    changedBy: 'tidegate (policy)',
  };
  const writes: FlagWrite[] = [];
  const renewed: number[] = [];
  let polls = 0;
  let end = (): void => undefined;
  const aborting = new AbortController();
  let cancel = (): void => undefined;
  const cancelling = new Promise<never>((_, reject) => {
    cancel = () => {
      aborting.abort();
      reject(new CancelledFailure(cancelled.timedOut ? 'TIMED_OUT' : 'CANCELLED'));
    };
  });
  cancelling.catch(() => undefined);
  const source: Partial<MetricSource> = {
    settle: 0,
    read: async ({ stage, to }) => {
      polls += 1;
      if (polls > 400) throw new Error('nothing was decided');
      if (polls === cancelled.poll) cancel();
      if (polls === stop) end();
      // Each window is over by the time at which it is asked for.
      vi.setSystemTime((to + POLL) * 1000);
      const { all, slice } = rates(polls);
      const slices = { [SLICE]: { baseline: cohort(600, 0.005), canary: cohort(40, slice) } };
      const t = to - START;
      return reading({ stage, t, baseline: cohort(19_000, 0.005), canary: cohort(1000, all), slices });
    },
    history: async () => ({ samples: [] }),
  };
  const provider: Partial<FlagProvider> = {
    read: async () => ({ ...flag }),
    write: async (write) => {
      writes.push(write);
      const before = flag.revision;
      Object.assign(flag, { exposure: write.exposure, revision: before + 1, changedBy: write.author });
      return { kind: 'written', before, after: before + 1, epoch: flag.epoch };
    },
    renew: async (_, { revision, terms }) => {
      if (terms !== null) flag.lease = { until: Date.now() + 1000 * terms.seconds, fallback: terms.fallback };
      return renewed.push(revision) > 0;
    },
  };
  const away = async () => {
    if (polls < back) throw new Error('no connection');
  };
  const parts: Partial<ActivityParts> = {
    source: () => source as MetricSource,
    provider: () => provider as FlagProvider,
    store: { saveSamples: async () => undefined } as Partial<RolloutStore> as RolloutStore,
    tellStop: away,
    reachTemporal: away,
    log: { info: () => undefined, warn: () => undefined },
    stopped: new Promise<void>((resolve) => {
      end = resolve;
    }),
  };
  const request: GateRequest = {
    id: 1,
    rolloutId: 'r1',
    plan: of,
    stage: 0,
    origin: START * 1000,
    stageSince: START * 1000,
    memory: null,
    acceptances: {},
    key: known,
    expected: { revision: 7, exposure: SERVED, epoch: 3 },
    safe: NO_EXPOSURE,
    lease: { seconds: 600, fallback: NO_EXPOSURE },
  };
  const info = { workflowExecution: { workflowId: 'rollout:production:pricing-v2', runId: 'a' } };
  const context = Reflect.construct(Context, [
    info,
    cancelling,
    aborting.signal,
    () => undefined,
    undefined,
    undefined,
    undefined,
    { details: { timedOut: cancelled.timedOut } },
  ]) as Context;
  const ended: { report: GateReport } | { error: unknown } = await asyncLocalStorage
    .run(context, () => createGateActivity(parts as ActivityParts).watchGate(request))
    .then(
      (report) => ({ report }),
      (error: unknown) => ({ error }),
    );
  return {
    get report() {
      if ('error' in ended) throw ended.error;
      return ended.report;
    },
    error: 'error' in ended ? ended.error : null,
    flag,
    writes,
    renewed,
    polls,
  };
}

describe('a gate whose Temporal does not answer', () => {
  it('watches on past what it has to say, and carries out the hard stop that comes after it', async () => {
    const soft = { all: 0.0075, slice: 0.0075 };
    const hard = { all: 0.05, slice: 0.05 };
    const held = await gate(() => soft, { back: 60, of: plan({ coverage: [] }), known: 'hold|||||' });
    expect(held.report.assessment.verdict).toBe('soft');
    expect([held.writes, held.polls >= 60]).toEqual([[], true]);
    const { report, flag } = await gate((poll) => (poll < 60 ? soft : hard), { of: plan({ coverage: [] }) });
    expect(report).toMatchObject({ reverted: true, assessment: { verdict: 'hard' } });
    expect(flag.exposure).toEqual(NO_EXPOSURE);
  });

  it('takes the slice that got worse alone off itself, watches the rest, and says it once it is heard', async () => {
    const acme = { all: 0.006, slice: 0.9 };
    const { report, flag, writes, renewed } = await gate(() => acme, { back: 90 });
    expect(writes).toMatchObject([
      {
        exposure: { ...SERVED, without: [SLICE] },
        direction: 'lower',
        author: 'tidegate (gate)',
        lease: { seconds: 600, fallback: NO_EXPOSURE },
        reason: expect.stringContaining('while the workflow did not answer'),
      },
    ]);
    expect(writes[0]?.final).toBeUndefined();
    expect(report).toMatchObject({
      reverted: false,
      assessment: { verdict: 'hold', severed: [{ who: SLICE }] },
      flag: { revision: 8, by: 'tidegate (gate)', exposure: { without: [SLICE] } },
    });
    expect(flag.revision).toBe(8);
    // Its lease is that of what is served now.
    expect(renewed).toContain(8);
  });

  it('lowers the rest too when that gets worse after it', async () => {
    const { report, flag, writes } = await gate((poll) =>
      poll < 80 ? { all: 0.006, slice: 0.9 } : { all: 0.06, slice: 0.9 },
    );
    expect(writes.map(({ final }) => final === true)).toEqual([false, true]);
    expect(report).toMatchObject({ reverted: true });
    expect(flag.exposure).toEqual(NO_EXPOSURE);
  });

  it('lowers all of it where one more is one too many', async () => {
    const of = plan({ policy: { exclusions: { traffic: '1%' } } });
    const { report, writes } = await gate(() => ({ all: 0.006, slice: 0.9 }), { of });
    expect(writes).toMatchObject([{ exposure: NO_EXPOSURE, final: true }]);
    expect(report).toMatchObject({ reverted: true, assessment: { verdict: 'hold' } });
  });
});

describe('a gate that the worker has given up, as its heartbeats did not get through', () => {
  const well = { all: 0.005, slice: 0.005 };
  const bad = { all: 0.05, slice: 0.05 };
  const of = plan({ coverage: [] });
  const cancelled = { poll: 20, timedOut: true };

  it('watches on while Temporal is away, renews the lease, and carries out a hard stop', async () => {
    const { report, flag, renewed, polls } = await gate((poll) => (poll < 100 ? well : bad), {
      of,
      cancelled,
    });
    expect(report).toMatchObject({ reverted: true, assessment: { verdict: 'hard' } });
    expect(flag.exposure).toEqual(NO_EXPOSURE);
    expect(polls).toBeGreaterThanOrEqual(100);
    expect(renewed.length).toBeGreaterThan(5);
  });

  it('ends once Temporal has answered for long enough for another attempt to have begun', async () => {
    const { error, polls, writes } = await gate(() => well, { of, cancelled, back: 60 });
    expect(error).toMatchObject({ message: 'TIMED_OUT' });
    expect(polls).toBeGreaterThanOrEqual(60);
    expect(polls).toBeLessThan(70);
    expect(writes).toEqual([]);
  });

  it('ends with its worker, and when somebody has cancelled it', async () => {
    const left = await gate(() => well, { of, cancelled, stop: 50 });
    expect([left.error, left.polls]).toMatchObject([{ message: 'TIMED_OUT' }, 50]);
    const asked = await gate(() => well, { of, cancelled: { poll: 20, timedOut: false } });
    expect([asked.error, asked.polls]).toMatchObject([{ message: 'CANCELLED' }, 20]);
  });
});
