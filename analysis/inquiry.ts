import type { Plan } from '../plans/plan.ts';
import type { Evidence, LatencyEvidence, MetricEvidence, ValueEvidence } from './evidence.ts';
import { yardsticksOf } from './metric-findings.ts';
import { evidenceOf } from './process-evidence.ts';
import type { Carrier, Process } from './process-state.ts';
import { sliceContext } from './slices.ts';
import type { GateContext } from './stage.ts';
import { baselineDispersions, dispersionsOf, isAssumed } from './stage.ts';
import { betweenEqual, driftApart, isNoiseAssumed } from './value-noise.ts';
import type { Yardstick } from './yardstick.ts';

/** What is to be searched for where a metric moved. Plain JSON. */
export interface Inquiry {
  metric: string;
  /** The slice of the traffic that moved; absent: all of it. */
  slice?: string;
  /** Seconds since the rollout began: ends of windows. */
  from: number;
  to: number;
  counted: 'bad' | 'good';
  edge: number | null;
  /** How much equal cohorts differ at this age; of values the variance of their sum per unit of weight, in shares of the level squared. */
  G: number;
  /** The same of the baseline's halves alone, by which instances are told apart. Absent: asked by an older version. */
  baselineG?: number;
  assumed: boolean;
  /** Of a mean or a gauge; absent: of counts. */
  values?: true;
}

/** Seconds that are searched at most. */
const LONGEST = 4 * 3600;
/** Polls that are searched at least, where the stage has so many: an instance or an endpoint has fewer requests than all. */
const FEWEST_POLLS = 8;
/** Of values: their scatter is known from twelve polls on. */
const FEWEST_VALUES = 24;

/**
 * The span and the counts to search a metric by: those of the component that carries its evidence, within the present
 * stage, since before it the cohorts had other shares. Null: it has no counts that could be told apart (a latency
 * without edges), or nothing was seen of it.
 */
export function inquiryOf(
  evidence: Evidence,
  plan: Plan,
  asked: GateContext & { metric: string; slice?: string | undefined },
): Inquiry | null {
  const { slice } = asked;
  const part = slice === undefined ? evidence : evidence.slices[slice];
  const known = part?.metrics[asked.metric];
  const at =
    slice === undefined
      ? asked
      : { ...asked, ...sliceContext(evidence, { plan, context: asked, metric: asked.metric, slice }) };
  const { t, since } = evidence;
  if (known === undefined || t === null || since === null) return null;
  const best = strongest(known, yardsticksOf(known, { plan, context: at, metric: at.metric }));
  const edge = known.kind === 'latency' ? edgeOf(known, best.track, at) : null;
  if (known.kind === 'latency' && edge === null) return null;
  const { poll } = plan.source;
  const fewest = known.kind === 'value' ? FEWEST_VALUES : FEWEST_POLLS;
  const polls = Math.max(fewest, pollsOf(known.process, best, evidence));
  const length = Math.min(polls * poll, LONGEST);
  const age = Math.max(1, Math.round(Math.min(length, t - since) / poll));
  const span = { from: Math.max(since, t - length), to: t };
  if (known.kind === 'value') return { metric: at.metric, ...span, ...valuesOf(known, plan, age) };
  // The dispersion of the windows that are searched.
  const look = { plan, context: at, metric: at.metric };
  const dispersion = dispersionsOf(look, known)[best.track];
  const baseline = baselineDispersions(look, known)[best.track];
  return {
    metric: at.metric,
    ...(slice === undefined ? {} : { slice }),
    ...span,
    counted: known.kind === 'ratio' ? (known.counted ?? 'bad') : 'bad',
    edge,
    G: dispersion?.(age) ?? 0,
    baselineG: baseline?.(age) ?? 0,
    assumed: isAssumed(look, known.halves),
  };
}

interface Strongest {
  track: number;
  carrier: Carrier | null;
}

function valuesOf(known: ValueEvidence, plan: Plan, age: number) {
  return {
    counted: 'bad' as const,
    edge: null,
    G: driftApart(known, plan)(age),
    baselineG: betweenEqual(known, plan)(age),
    assumed: isNoiseAssumed(known),
    values: true as const,
  };
}

/** The track with the strongest component, and that component. */
function strongest(known: MetricEvidence, yardsticks: readonly Yardstick[]): Strongest {
  return known.process.tracks.reduce<Strongest>(
    (best, one, track) => {
      const { carrier } = evidenceOf({ ...known.process, tracks: [one] }, yardsticks.slice(track, track + 1));
      const stronger =
        carrier !== null && (best.carrier === null || carrier.lnWeighted > best.carrier.lnWeighted);
      return stronger ? { track, carrier } : best;
    },
    { track: 0, carrier: null },
  );
}

function edgeOf(
  { edges }: LatencyEvidence,
  track: number,
  at: GateContext & { metric: string },
): number | null {
  return (edges ?? at.edges?.[at.metric])?.[track] ?? null;
}

/**
 * How many polls ago the component started, counting also those that were no evidence; the whole stage where it
 * started before the stage, or is frozen and does not tell when.
 */
function pollsOf(process: Process, { track, carrier }: Strongest, { polls }: Evidence): number {
  const own = process.tracks[track];
  if (carrier === null || carrier === own?.carrier) return Number.POSITIVE_INFINITY;
  const start = process.clock - carrier.age;
  const segment = process.live.find((component) => component.start === start)?.segment;
  if (segment !== process.segments.length - 1) return Number.POSITIVE_INFINITY;
  const all = polls.used + polls.ignored + polls.rejected;
  return Math.ceil(carrier.age * (polls.used > 0 ? all / polls.used : 1));
}
