import { pathText } from '../plans/finding.ts';
import { reviewFlagSpec } from '../plans/flag/review.ts';
import { FlagSpec, rulesOf } from '../plans/flag/spec.ts';
import type { FlagFault } from '../plans/flag/world.ts';
import { flagDefinition } from './definition.ts';
import { schemaFault } from './flagd-schema.ts';
import type { FlagRecord } from './provider.ts';
import type { KnownSegments } from './segments.ts';

/** A definition goes to every client with each change: no flag's may be larger, prerequisites and members included. */
export const SIZE_LIMIT = 256 * 1024;

/** What the definitions of one environment are held against. */
export interface Fitting {
  segments: KnownSegments;
  flags: ReadonlyMap<string, FlagRecord>;
}

/** Of definitions that stay in memory, what was found: every change of a flag looks at all of its environment. */
const plain = new WeakMap<object, boolean>();
const sound = new WeakMap<object, string>();

/** Whether nothing in a definition depends on a rule: then there is nothing that could be served wrongly. */
export function isPlain({ spec }: FlagRecord): boolean {
  if (spec === undefined || spec === null) return true;
  const known = plain.get(spec) ?? looksPlain(spec);
  plain.set(spec, known);
  return known;
}

function looksPlain(spec: FlagSpec): boolean {
  const parsed = FlagSpec.safeParse(spec);
  if (!parsed.success) return false;
  const { kind, exclude, requires, optIn } = parsed.data;
  const bare = exclude.length + requires.length + optIn.length + rulesOf(parsed.data).length === 0;
  return bare && (kind === 'boolean' || kind === 'percentage');
}

/** Why a definition cannot be served, by its own schema, by our review and by flagd's schema; empty when it can. */
export function faultsOf(record: FlagRecord, { segments, flags }: Fitting): FlagFault[] {
  const parsed = FlagSpec.safeParse(record.spec);
  if (!parsed.success) {
    return parsed.error.issues.map(({ path, message }) => ({
      path: pathText(path),
      message,
      instead: '',
    }));
  }
  const known = Object.entries(segments).map(
    ([name, segment]) => [name, { joinable: 'joinable' in segment && segment.joinable }] as const,
  );
  const world = new Map(
    [...flags].map(([key, flag]) => [key, { key, shape: flag.shape, spec: flag.spec ?? null }]),
  );
  const subject = { key: record.key, shape: record.shape, spec: parsed.data };
  const faults = reviewFlagSpec(subject, { flags: world, segments: new Map(known) });
  return faults.length > 0 ? faults : asServed(record, { segments, flags });
}

/** As it would be served with all its rules and a share in force: the largest form that it can take. */
function asServed(record: FlagRecord, { segments, flags }: Fitting): FlagFault[] {
  const exposure = { ...record.exposure, percent: 50, variant: null };
  const whole = { ...record, live: true, exposure };
  const around = new Map([...flags].map(([key, flag]) => [key, { ...flag, live: true }]));
  const definition = flagDefinition(whole, segments, around);
  const text = JSON.stringify({ flags: { [record.key]: definition } });
  if (text.length > SIZE_LIMIT) {
    const message = `the definition has ${Math.ceil(text.length / 1024)} KiB with its segments and prerequisites`;
    return [{ path: '', message, instead: `${SIZE_LIMIT / 1024} KiB at most` }];
  }
  const { spec } = record;
  if (spec !== undefined && spec !== null && sound.get(spec) === text) return [];
  const place = schemaFault(text);
  if (place !== null) return [{ path: place, message: 'it does not fit flagd’s schema', instead: '' }];
  if (spec !== undefined && spec !== null) sound.set(spec, text);
  return [];
}
