import type { Plan } from '../plans/plan.ts';
import type { Rejection, Sample } from '../plans/sample.ts';
import type { Ask } from './prometheus-api.ts';
import type { CohortSeries } from './series.ts';
import { readSpan, seriesOfWindow, WINDOWS_AT_ONCE } from './series-span.ts';
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
    const series = await readSpan(ask, { plan, to: start + count * poll, count });
    yield Array.from({ length: count }, (_, i) => windowAt(plan, series, start + (i + 1) * poll));
  }
}

function windowAt(plan: Plan, series: readonly CohortSeries[], t: number): RecordedWindow {
  const step = plan.source.poll * 1000;
  const end = Math.round(t * 1000);
  const window = { from: end - step, to: end };
  const found = windowSample({ plan, stage: '', t, window, series: seriesOfWindow(series, window) });
  return found.kind === 'sample'
    ? { kind: 'sample', t, sample: found.sample }
    : { kind: 'rejected', t, rejections: found.rejections };
}
