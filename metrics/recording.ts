import type { Plan } from '../plans/plan.ts';
import type { Rejection, Sample } from '../plans/sample.ts';
import { cohortQueries } from './plan-queries.ts';
import type { Ask } from './prometheus-api.ts';
import { type CohortSeries, cohortSeries } from './series.ts';
import { between } from './series-span.ts';
import { LOOKBACK_STEPS } from './targets.ts';
import { windowSample } from './window-sample.ts';

/** Windows of a past, the last one ending at `until` at the latest. Times are Unix seconds. */
export interface RecordingRequest {
  plan: Plan;
  from: number;
  until: number;
}

/** One window of a past in which nobody says what stage it was: `sample.stage` is empty, `sample.t` the window's end. */
export type RecordedWindow =
  | { kind: 'sample'; t: number; sample: Sample }
  | { kind: 'rejected'; t: number; rejections: Rejection[] };

/** Windows that one query spans: an hour at 15 s. */
const WINDOWS_AT_ONCE = 240;

/**
 * Both cohorts over a past, window by window in the order of time, as differences of raw counters like any other
 * window. A window in which the canary had no series counts zeros for it. What `ask` throws ends it.
 */
export async function* readRecording(ask: Ask, request: RecordingRequest): AsyncGenerator<RecordedWindow[]> {
  const { plan, from, until } = request;
  const { poll } = plan.source;
  const windows = Math.floor((until - from) / poll);
  for (let read = 0; read < windows; read += WINDOWS_AT_ONCE) {
    const count = Math.min(WINDOWS_AT_ONCE, windows - read);
    const start = from + read * poll;
    const series = await readSpan(ask, { plan, from: start, until: start + count * poll });
    yield Array.from({ length: count }, (_, i) => windowAt(plan, series, start + (i + 1) * poll));
  }
}

async function readSpan(
  ask: Ask,
  { plan, from, until }: { plan: Plan; from: number; until: number },
): Promise<CohortSeries[]> {
  const range = Math.round((until - from + LOOKBACK_STEPS * plan.source.poll) * 1000);
  const end = Math.round(until * 1000);
  const answers = await Promise.all(
    cohortQueries(plan).queries.map(async (query) => ({
      query,
      answer: await ask(`${query.selector}[${range}ms]`, until),
    })),
  );
  return answers.flatMap(({ query, answer }) =>
    cohortSeries({ plan, query, after: end - range, until: end }, answer),
  );
}

function windowAt(plan: Plan, series: readonly CohortSeries[], t: number): RecordedWindow {
  const step = plan.source.poll * 1000;
  const end = Math.round(t * 1000);
  const window = { from: end - step, to: end };
  const near = series.map((one) => between(one, window.from - LOOKBACK_STEPS * step, window.to));
  const found = windowSample({ plan, stage: '', t, window, series: near });
  return found.kind === 'sample'
    ? { kind: 'sample', t, sample: found.sample }
    : { kind: 'rejected', t, rejections: found.rejections };
}
