import type { Plan } from '../plans/plan.ts';
import type { Rejection, Sample } from '../plans/sample.ts';
import type { EdgesUnderTest } from './latency-series.ts';
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
  const chosen: Record<string, readonly number[]> = {};
  for (let read = 0; read < windows; read += WINDOWS_AT_ONCE) {
    const count = Math.min(WINDOWS_AT_ONCE, windows - read);
    const start = from + read * poll;
    const series = await readSpan(ask, { plan, to: start + count * poll, count });
    yield Array.from({ length: count }, (_, i) => {
      const window = windowAt(plan, { series, t: start + (i + 1) * poll, edges: chosen });
      if (window.kind === 'sample') chooseEdges(chosen, window.sample);
      return window;
    });
  }
}

/**
 * Whether a latency is read from classic buckets or from a native histogram is settled by its first window with requests: where
 * processes come to expose the other one too, or stop to, its edges stay the same for as long as they can be read. A live gate
 * names the edges under test instead; in a past there are none yet.
 */
function chooseEdges(chosen: Record<string, readonly number[]>, { baseline }: Sample): void {
  for (const [metric, buckets] of Object.entries(baseline.histograms)) {
    if (chosen[metric] !== undefined || !((buckets.at(-1)?.[1] ?? 0) > 0)) continue;
    chosen[metric] = buckets.flatMap(([edge]) => (edge === '+Inf' ? [] : [edge]));
  }
}

function windowAt(
  plan: Plan,
  { series, t, edges }: { series: readonly CohortSeries[]; t: number; edges: EdgesUnderTest },
): RecordedWindow {
  const step = plan.source.poll * 1000;
  const end = Math.round(t * 1000);
  const window = { from: end - step, to: end };
  const within = seriesOfWindow(series, window);
  const found = windowSample({ plan, stage: '', t, window, series: within, edges });
  return found.kind === 'sample'
    ? { kind: 'sample', t, sample: found.sample }
    : { kind: 'rejected', t, rejections: found.rejections };
}
