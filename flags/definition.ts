import type { Exposure } from '../plans/exposure.ts';
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
  const { variants, baseline, canary } = record.shape;
  const metadata = metadataOf(record);
  if (!Object.hasOwn(variants, baseline)) return { state: 'DISABLED', variants, metadata };

  const exposed = record.exposure.variant ?? canary;
  const weight = Object.hasOwn(variants, exposed) ? weightOf(record.exposure.percent) : 0;
  const everyone = { state: 'ENABLED', variants, metadata } as const;
  if (weight === TOTAL) return { ...everyone, defaultVariant: exposed };

  const members = Object.hasOwn(variants, exposed) ? audience(record.exposure, segments) : null;
  const rest = weight === 0 ? baseline : split(record, exposed, weight);
  const targeting: Rule = members === null ? rest : { if: [members, exposed, rest] };
  if (typeof targeting === 'string') return { ...everyone, defaultVariant: baseline };
  return { ...everyone, defaultVariant: baseline, targeting };
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
