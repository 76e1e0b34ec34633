import { Failure } from '../plans/failures.ts';
import type { ClientSightings } from '../plans/flag/evaluations.ts';
import type { Reading, Rejection } from '../plans/sample.ts';
import { readBreakdown } from './breakdown.ts';
import { type Connection, connect, SourceDown } from './connection.ts';
import { flagSightings } from './flag-sightings.ts';
import { readHistory } from './history.ts';
import { cohortQueries, expressionQueries } from './plan-queries.ts';
import { type Ask, instantQuery, type QueryAnswer, QueryRefused, timestamp } from './prometheus-api.ts';
import { checkQueries } from './prometheus-check.ts';
import type { PrometheusSourceConfig } from './prometheus-config.ts';
import { QueryCache, type QueryCounters } from './query-cache.ts';
import { type RecordedWindow, type RecordingRequest, readRecording } from './recording.ts';
import { cohortSeries } from './series.ts';
import type { MetricSource, WindowRequest } from './source.ts';
import { createSurvey, type Survey } from './survey.ts';
import { LOOKBACK_STEPS, type Window } from './targets.ts';
import { windowSample } from './window-sample.ts';

export interface PrometheusSourceOptions {
  /** Milliseconds; only for how long an answer is shared, never for what is asked. */
  now?: () => number;
  /** Milliseconds for which gates share an answer. */
  shareFor?: number;
}

export interface PrometheusSource extends MetricSource {
  /** For telemetry: how many queries were sent, and how many were answered from one already asked. */
  readonly counters: Readonly<QueryCounters>;
  /** What is looked at before a rollout. */
  readonly survey: Survey;
  /** Both cohorts over a past, in spans. Throws `PROMETHEUS_UNREACHABLE`, `PROMETHEUS_QUERY`. */
  recording(request: RecordingRequest): AsyncGenerator<RecordedWindow[]>;
  /** Which flags applications with `tidegate/client` evaluated, in Unix seconds; `name`: of this source. Never throws. */
  sightings(name: string, between: { from: number; to: number }): Promise<ClientSightings>;
  close(): void;
}

/**
 * Samples from a Prometheus or what speaks its query API. One instance per worker and server, as gates share
 * queries through it. @throws Failure CONFIG_INVALID for a TLS file that cannot be read
 */
export function createPrometheusSource(
  config: PrometheusSourceConfig,
  options: PrometheusSourceOptions = {},
): PrometheusSource {
  const connection = connect(config);
  const { now = Date.now, shareFor = 20_000 } = options;
  const cache = new QueryCache({ ttl: shareFor, entries: 5_000, samples: 4_000_000, now });
  // Hours of raw samples are not kept for others to share.
  const askAlone: Ask = (query, at) => instantQuery(connection, { query, at, timeout: config.timeout });
  const ask: Ask = (query, at) => cache.get(`${timestamp(at)} ${query}`, () => askAlone(query, at));
  return {
    settle: config.settle,
    counters: cache.counters,
    survey: createSurvey({ connection, ask, askAlone, reachable: (work) => reachable(connection, work) }),
    read: (request) => read(ask, request),
    history: (request) => reachable(connection, () => readHistory(askAlone, request)),
    breakdown: (request) => reachable(connection, () => readBreakdown(askAlone, request)),
    recording: (request) =>
      readRecording((query, at) => reachable(connection, () => askAlone(query, at)), request),
    check: (plan, at) => reachable(connection, () => checkQueries(ask, { plan, at })),
    scalar: (expr, at) => reachable(connection, async () => sumOf(await ask(expr, at))),
    sightings: (name, between) => flagSightings(connection, name, between),
    close: () => connection.close(),
  };
}

/**
 * The raw samples of every selector from two polls before the window to its end, as an instant query of a range
 * (`name{...}[45s]` at `to`). Not the plain selector: that answers with the newest value of the last five minutes
 * under the time of asking, so a dead target looks alive. Not a range query: it resamples. With the raw samples
 * both ends, every reset in between and the time of each scrape are known, at one timestamp for all metrics.
 */
async function read(
  ask: Ask,
  { plan, stage, from, to, origin, edges = {} }: WindowRequest,
): Promise<Reading> {
  const window: Window = { from: Math.round(from * 1000), to: Math.round(to * 1000) };
  const range = (LOOKBACK_STEPS + 1) * (window.to - window.from);
  const selectors = cohortQueries(plan);
  const counters = selectors.queries.map((query) => ({ ...query, text: `${query.selector}[${range}ms]` }));
  const expressions = expressionQueries(plan);
  const queries = [...new Set([...counters.map(({ text }) => text), ...expressions.map(({ expr }) => expr)])];
  const rejected = (rejections: Rejection[]): Reading => ({
    kind: 'rejected',
    t: to - origin,
    rejections,
    queries,
  });
  if (selectors.broken.length > 0) {
    return rejected(selectors.broken.map(({ metric, detail }) => ({ kind: 'invalid', metric, detail })));
  }

  const failed: Rejection[] = [];
  const answered = async (metric: string, text: string): Promise<QueryAnswer | undefined> => {
    try {
      return await ask(text, to);
    } catch (error) {
      failed.push(rejectionOf(error, metric));
      return undefined;
    }
  };
  const [raw, values] = await Promise.all([
    Promise.all(counters.map(async (query) => ({ query, answer: await answered(query.metric, query.text) }))),
    Promise.all(expressions.map(async ({ owner, expr }) => ({ expr, answer: await answered(owner, expr) }))),
  ]);
  const down = failed.find(({ kind }) => kind === 'source-down');
  if (down !== undefined) return rejected([down]);
  if (failed.length > 0) return rejected(failed);

  const series = [];
  for (const { query, answer } of raw) {
    if (answer === undefined) continue;
    const [warning] = answer.warnings;
    // A raw selector draws a warning only when a part of the data could not be read.
    if (warning !== undefined) {
      return rejected([{ kind: 'invalid', metric: query.metric, detail: `partial answer: ${warning}` }]);
    }
    series.push(...cohortSeries({ plan, query, after: window.to - range, until: window.to }, answer));
  }
  const result = windowSample({ plan, stage, t: to - origin, window, series, edges });
  if (result.kind === 'rejected') return rejected(result.rejections);

  const numbers: Record<string, number> = {};
  const notes = [...result.notes];
  for (const { expr, answer } of values) {
    if (answer === undefined) continue;
    notes.push(...answer.warnings, ...answer.infos);
    const value = sumOf(answer);
    if (value !== null) numbers[expr] = value;
  }
  return {
    kind: 'sample',
    sample: result.sample,
    expressions: numbers,
    queries,
    ...(notes.length > 0 ? { notes } : {}),
  };
}

/** Summed over the series; null without series, and for NaN and infinities (a ratio of nothing). */
function sumOf({ series }: QueryAnswer): number | null {
  const values = series.flatMap((one) => one.values.slice(-1)).sort((a, b) => a - b);
  if (values.length === 0) return null;
  const sum = values.reduce((total, value) => total + value, 0);
  return Number.isFinite(sum) ? sum : null;
}

function rejectionOf(error: unknown, metric: string): Rejection {
  if (error instanceof SourceDown) return { kind: 'source-down', detail: error.message };
  if (error instanceof QueryRefused) return { kind: 'invalid', metric, detail: error.message };
  throw error;
}

async function reachable<T>(connection: Connection, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof SourceDown) {
      throw new Failure('PROMETHEUS_UNREACHABLE', `Prometheus does not answer: ${error.message}`, {
        where: connection.host,
        cause: error,
      });
    }
    if (error instanceof QueryRefused) {
      throw new Failure('PROMETHEUS_QUERY', error.message, { where: connection.host, cause: error });
    }
    throw error;
  }
}
