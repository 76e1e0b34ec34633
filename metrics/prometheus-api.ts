import { z } from 'zod';
import { type Connection, SourceDown } from './connection.ts';
import { type NativeSample, nativeSample } from './native-histogram.ts';

/** The server understood the request and says no; `message` is its own text. */
export class QueryRefused extends Error {
  override readonly name = 'QueryRefused';
}

/** One series with its raw samples, ascending. Times are whole milliseconds since 1970. */
export interface RawSeries {
  labels: Readonly<Record<string, string>>;
  times: readonly number[];
  values: readonly number[];
  /** Of native histograms: what each sample holds; `values` are then their counts. */
  natives?: readonly NativeSample[];
}

/** `warnings` of a raw selector mean that the answer is partial (a store or a remote read that failed). */
export interface QueryAnswer {
  series: readonly RawSeries[];
  warnings: readonly string[];
  infos: readonly string[];
}

/** Evaluates a text at a moment (Unix seconds). */
export type Ask = (query: string, at: number) => Promise<QueryAnswer>;

const Point = z.tuple([z.number(), z.string()]);
/**
 * A native histogram in an answer. A range of raw samples (`name{...}[45s]`) gives each scrape as it was taken, in the
 * resolution that it had, with every bucket that holds something as boundary rule, lower edge, upper edge and count, none
 * of it rated or extrapolated: so with Prometheus 2.42 and 3.5, both with `--enable-feature=native-histograms`.
 */
const NativePoint = z.tuple([
  z.number(),
  z.object({
    count: z.string(),
    buckets: z.array(z.tuple([z.number(), z.string(), z.string(), z.string()])).default([]),
  }),
]);
const Labels = z.record(z.string(), z.string());
const Data = z.discriminatedUnion('resultType', [
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: Labels,
        values: z.array(Point).default([]),
        histograms: z.array(NativePoint).default([]),
      }),
    ),
  }),
  z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: Labels, value: Point.optional() })),
  }),
  z.object({ resultType: z.literal('scalar'), result: Point }),
]);
const Success = z.object({
  status: z.literal('success'),
  data: z.unknown(),
  warnings: z.array(z.string()).nullish(),
  infos: z.array(z.string()).nullish(),
});
const Refusal = z.object({ status: z.literal('error'), errorType: z.string().optional(), error: z.string() });

/** Seconds with millisecond precision, as Prometheus' API takes them. */
export function timestamp(seconds: number): string {
  return (Math.round(seconds * 1000) / 1000).toFixed(3);
}

/**
 * Prometheus writes sample values as text: `"+Inf"`, `"-Inf"`, `"NaN"` or a number that `Number` reads back bit
 * for bit. (prometheus-query 3.5 reads "+Inf" as NaN, drops warnings and throws plain objects.)
 */
export function sampleValue(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  return text === '' ? Number.NaN : Number(text);
}

/**
 * Evaluates one PromQL text at one moment (`at`: Unix seconds).
 * @throws SourceDown when there is no usable answer, QueryRefused when the query itself is refused
 */
export async function instantQuery(
  connection: Connection,
  request: { query: string; at: number; timeout: number },
): Promise<QueryAnswer> {
  const { status, body } = await connection.post('/api/v1/query', {
    query: request.query,
    time: timestamp(request.at),
    timeout: `${Math.ceil(request.timeout * 1000)}ms`,
  });
  const answer = json(body);
  if (status === 400 || status === 422) {
    const refusal = Refusal.safeParse(answer);
    if (refusal.success) throw new QueryRefused(refusal.data.error);
  }
  // 401, 403, 404, 429 and every 5xx: nothing that the plan's author could mend in the query.
  if (status !== 200) throw new SourceDown(`${connection.host}: answers ${status}${hintOf(status)}`);
  const success = Success.safeParse(answer);
  if (!success.success) throw new SourceDown(`${connection.host}: the answer is not that of a Prometheus`);
  const data = Data.safeParse(success.data.data);
  if (!data.success) throw new QueryRefused('the result must be a number or a set of series');
  return {
    series: seriesOf(data.data),
    warnings: success.data.warnings ?? [],
    infos: success.data.infos ?? [],
  };
}

function seriesOf(data: z.infer<typeof Data>): RawSeries[] {
  switch (data.resultType) {
    case 'matrix':
      return data.result.flatMap(({ metric, values, histograms }) => [
        // One whose target has changed its kind has both.
        ...(histograms.length === 0 || values.length > 0 ? [rawSeries(metric, values)] : []),
        ...(histograms.length > 0 ? [nativeSeries(metric, histograms)] : []),
      ]);
    case 'vector':
      return data.result.map(({ metric, value }) => rawSeries(metric, value === undefined ? [] : [value]));
    case 'scalar':
      return [rawSeries({}, [data.result])];
  }
}

function rawSeries(
  labels: Record<string, string>,
  points: readonly (readonly [number, string])[],
): RawSeries {
  return {
    labels,
    times: points.map(([seconds]) => Math.round(seconds * 1000)),
    values: points.map(([, text]) => sampleValue(text)),
  };
}

function nativeSeries(
  labels: Record<string, string>,
  points: readonly z.infer<typeof NativePoint>[],
): RawSeries {
  const natives = points.map(([, { count, buckets }]) =>
    nativeSample(
      sampleValue(count),
      buckets.map(([, lower, upper, held]) => [sampleValue(lower), sampleValue(upper), sampleValue(held)]),
    ),
  );
  return {
    labels,
    times: points.map(([seconds]) => Math.round(seconds * 1000)),
    values: natives.map(({ count }) => count),
    natives,
  };
}

/** How much an answer holds: samples, and buckets of native histograms. */
export function sizeOf(series: readonly RawSeries[]): number {
  let size = 0;
  for (const { times, natives = [] } of series) {
    size += times.length;
    for (const { counts } of natives) size += counts.length;
  }
  return size;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function hintOf(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return ' (credentials or tenant refused)';
    case 404:
      return ' (no Prometheus API below this address)';
    case 429:
      return ' (too many queries)';
    case 503:
      return ' (not ready, or the query took too long)';
    default:
      return '';
  }
}
