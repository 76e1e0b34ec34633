import type { Exposure } from '../plans/exposure.ts';
import { openLease } from '../store/flag-rules.ts';
import { spellings } from './ascii-context.ts';
import type { FlagRecord } from './provider.ts';
import type { Rule } from './rule.ts';
import type { Segment, Segments } from './segments.ts';
import { split, TOTAL, weightOf } from './split.ts';

/** One flag as flagd's `flags.json` schema describes it. */
export interface FlagDefinition {
  state: 'ENABLED' | 'DISABLED';
  variants: Record<string, unknown>;
  defaultVariant?: string;
  targeting?: Rule;
  metadata: Record<string, string | number | boolean>;
}

/** A flag set as flagd's providers read it: the flags of one environment. */
export interface FlagSet {
  flags: Record<string, FlagDefinition>;
  metadata: Record<string, string | number | boolean>;
}

/**
 * A flag record as a flagd definition. Users with the canary at some exposure keep it at every larger one: the two
 * entries of `fractional` stand in a fixed order and their sum never changes. Callers without the sticky key get
 * the baseline below 100 % and the canary at 100 %. A flag whose baseline is not among its variants is disabled, so
 * that applications use their code's default; an exposed variant that is not among them is given to nobody.
 */
export function flagDefinition(record: FlagRecord, segments: Segments): FlagDefinition {
  const { variants, baseline } = record.shape;
  const metadata = metadataOf(record);
  if (!Object.hasOwn(variants, baseline)) return { state: 'DISABLED', variants, metadata };

  const everyone = { state: 'ENABLED', variants, metadata } as const;
  const present = variantFor(record, record.exposure, segments);
  const lease = openLease(record);
  const targeting =
    lease === null ? present : leased(lease.until, present, variantFor(record, lease.fallback, segments));
  if (typeof targeting === 'string') return { ...everyone, defaultVariant: targeting };
  return { ...everyone, defaultVariant: baseline, targeting };
}

/** Who gets which variant at an exposure: a rule, or the variant that all get. */
function variantFor(record: FlagRecord, exposure: Exposure, segments: Segments): Rule {
  const { variants, baseline, canary } = record.shape;
  const exposed = exposure.variant ?? canary;
  if (!Object.hasOwn(variants, exposed)) return baseline;
  const weight = weightOf(exposure.percent);
  if (weight === TOTAL) return exposed;
  const members = audience(exposure, segments);
  const rest = weight === 0 ? baseline : split(record, exposed, weight);
  return members === null ? rest : { if: [members, exposed, rest] };
}

/** Each evaluator looks at its own clock (in seconds), so that a lease runs out with nobody there to say so. */
function leased(until: number, present: Rule, fallback: Rule): Rule {
  return { if: [{ '<': [{ var: '$flagd.timestamp' }, Math.floor(until / 1000)] }, present, fallback] };
}

/** The flags of one environment as one document, in the order of their keys. */
export function flagSet(environment: string, records: Iterable<FlagRecord>, segments: Segments): FlagSet {
  const sorted = [...records].sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    flags: Object.fromEntries(sorted.map((record) => [record.key, flagDefinition(record, segments)])),
    metadata: { flagSetId: environment },
  };
}

function audience(exposure: Exposure, segments: Segments): Rule | null {
  const rules = exposure.segments.flatMap((name) => {
    const segment = Object.hasOwn(segments, name) ? segments[name] : undefined;
    return segment === undefined ? [] : [member(segment)];
  });
  const [first, ...others] = rules;
  if (first === undefined) return null;
  return others.length === 0 ? first : { or: rules };
}

function member(segment: Segment): Rule {
  const attribute: Rule = { var: segment.attribute };
  const values = spellings(segment.values);
  if (segment.operator === 'in') return { in: [attribute, values] };
  const operator = segment.operator === 'equals' ? '===' : segment.operator;
  const tests: Rule[] = values.map((value) => ({ [operator]: [attribute, value] }));
  return tests.length === 1 && tests[0] !== undefined ? tests[0] : { or: tests };
}

function metadataOf(record: FlagRecord): FlagDefinition['metadata'] {
  return {
    environment: record.environment,
    revision: record.revision,
    ...(record.rolloutId === null ? {} : { rolloutId: record.rolloutId }),
    ...(record.latch === null ? {} : { killed: true }),
  };
}
