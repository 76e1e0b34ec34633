import { decision, type Surroundings } from './decision.ts';
import { inlined, worthSharing } from './evaluators.ts';
import type { FlagRecord } from './provider.ts';
import type { Rule } from './rule.ts';
import type { KnownSegments } from './segments.ts';

/** One flag as flagd's `flags.json` schema describes it. */
export interface FlagDefinition {
  state: 'ENABLED' | 'DISABLED';
  variants: Record<string, unknown>;
  defaultVariant?: string;
  targeting?: Rule;
  metadata: Record<string, string | number | boolean>;
}

/** A flag set as flagd's providers read it: the flags of one environment, or those of one flag set inside it. */
export interface FlagSet {
  flags: Record<string, FlagDefinition>;
  /** Rules that several definitions share; there only where that makes the set smaller. */
  $evaluators?: Record<string, Rule>;
  metadata: Record<string, string | number | boolean>;
}

/**
 * A flag record as a flagd definition, complete in itself. Users with the canary at some exposure keep it at every
 * larger one: the two entries of `fractional` stand in a fixed order and their sum never changes. Callers without the
 * sticky key get the baseline below 100 % and the canary at 100 %. A flag whose baseline is not among its variants is
 * disabled, so that applications use their code's default; an exposed variant that is not among them is given to nobody.
 */
export function flagDefinition(
  record: FlagRecord,
  segments: KnownSegments,
  flags: ReadonlyMap<string, FlagRecord> = new Map(),
): FlagDefinition {
  const definition = compiled(record, { segments, flags, way: [] });
  const { targeting } = definition;
  return targeting === undefined ? definition : { ...definition, targeting: inlined(targeting, segments) };
}

/**
 * The flags of one environment as one document, in the order of their keys; with `named` those of that flag set, whose
 * prerequisites may be outside it.
 */
export function flagSet(
  environment: string,
  records: Iterable<FlagRecord>,
  segments: KnownSegments,
  named: string | null = null,
): FlagSet {
  const sorted = [...records].sort((a, b) => (a.key < b.key ? -1 : 1));
  const flags = new Map(sorted.map((record) => [record.key, record]));
  const wanted = named === null ? sorted : sorted.filter(({ spec }) => spec?.flagSet === named);
  const definitions = wanted.map(
    (record) => [record.key, compiled(record, { segments, flags, way: [] })] as const,
  );
  const rules = definitions.flatMap(([, { targeting }]) => (targeting === undefined ? [] : [targeting]));
  const shared = worthSharing(rules, segments);
  const names = new Set(Object.keys(shared));
  return {
    flags: Object.fromEntries(
      definitions.map(([key, { targeting, ...rest }]) => [
        key,
        targeting === undefined ? rest : { ...rest, targeting: inlined(targeting, segments, names) },
      ]),
    ),
    ...(names.size === 0 ? {} : { $evaluators: shared }),
    // flagd's provider would show its selector as the scope, and a token may stand in it.
    metadata: { flagSetId: named ?? environment, scope: environment },
  };
}

function compiled(record: FlagRecord, around: Surroundings): FlagDefinition {
  const { variants, baseline } = record.shape;
  const metadata = metadataOf(record);
  if (!Object.hasOwn(variants, baseline)) return { state: 'DISABLED', variants, metadata };
  const everyone = { state: 'ENABLED', variants, metadata } as const;
  const targeting = decision(record, around);
  if (typeof targeting === 'string') return { ...everyone, defaultVariant: targeting };
  return { ...everyone, defaultVariant: baseline, targeting };
}

function metadataOf(record: FlagRecord): FlagDefinition['metadata'] {
  return {
    environment: record.environment,
    revision: record.revision,
    ...(record.spec?.flagSet === undefined ? {} : { flagSetId: record.spec.flagSet }),
    ...(record.rolloutId === null ? {} : { rolloutId: record.rolloutId }),
    ...(record.latch === null ? {} : { killed: true }),
    ...forDispatchers(record),
  };
}

/** What the dispatcher of `tidegate/client` reads. */
function forDispatchers({ spec, exposure, latch, drill: rehearsed }: FlagRecord): FlagDefinition['metadata'] {
  const { mode: own } = spec ?? {};
  // A kill ends what runs behind others too. Users of a dark cohort would be served without the word: it stays.
  const mode = exposure.mode ?? (latch !== null && own === 'shadow' ? undefined : own);
  const drill = rehearsed ?? spec?.drill;
  return {
    ...(mode === undefined ? {} : { 'tidegate.mode': mode }),
    ...(drill === undefined
      ? {}
      : {
          'tidegate.drill.errorRate': drill.errorRate,
          'tidegate.drill.latencyMs': drill.latencyMs,
          'tidegate.drill.percent': drill.percent,
        }),
    ...(rehearsed == null ? {} : { 'tidegate.drill.until': rehearsed.until }),
  };
}
