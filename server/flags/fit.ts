import { faultsOf } from '../../flags/fitness.ts';
import type { FlagRecord } from '../../flags/provider.ts';
import { allSegments } from '../../flags/segments.ts';
import { NO_EXPOSURE } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import { faultText } from '../../plans/flag/review.ts';
import type { SegmentSpec } from '../../plans/flag/segment.ts';
import { readableSpec } from '../../plans/flag/spec.ts';
import type { FlagTarget } from '../../store/flag-contract.ts';
import type { FlagContents } from '../../store/registry-contract.ts';
import type { ServerDeps } from '../deps.ts';

interface Wanted {
  target: FlagTarget;
  contents: FlagContents;
  /** Where it stands: `flags[2]`, or nothing. */
  place: string;
}

/**
 * Holds definitions, all of them together with what is there, against the review and against flagd's schema as they would
 * be delivered. `FLAG_INVALID` names every place.
 */
export async function refuseUnfit(
  { registry, segments }: Pick<ServerDeps, 'registry' | 'segments'>,
  wanted: readonly Wanted[],
  added: readonly SegmentSpec[] = [],
): Promise<void> {
  const present = await registry.segments();
  const members = (name: string) =>
    present.find((segment) => segment.name === name) ?? { joined: [], left: [] };
  const given = added.map((spec) => ({
    ...spec,
    joined: members(spec.name).joined,
    left: members(spec.name).left,
  }));
  const known = allSegments(segments, [...present, ...given]);
  const details: string[] = [];
  for (const environment of new Set(wanted.map(({ target }) => target.environment))) {
    const here = wanted.filter(({ target }) => target.environment === environment);
    const records = here.map(({ target, contents }) => recordOf(target, contents));
    const flags = new Map(
      (await registry.flags(environment)).map(
        (flag) => [flag.key, { ...flag, spec: readableSpec(flag.spec), live: true }] as const,
      ),
    );
    const all = new Map<string, FlagRecord>([
      ...flags,
      ...records.map((record) => [record.key, record] as const),
    ]);
    here.forEach(({ place }, index) => {
      const record = records[index];
      if (record === undefined) return;
      for (const fault of faultsOf(record, { segments: known, flags: all })) {
        const path = [place, fault.path].filter((part) => part !== '').join('.');
        details.push(faultText({ ...fault, path: path === '' ? record.key : path }));
      }
    });
  }
  if (details.length === 0) return;
  const keys = [...new Set(wanted.map(({ target }) => target.key))];
  const what = keys.length === 1 ? `The definition of ${keys[0] ?? ''} cannot` : 'Definitions cannot';
  throw new Failure('FLAG_INVALID', `${what} be served.`, { details: [...new Set(details)] });
}

function recordOf(target: FlagTarget, contents: FlagContents) {
  const nothing = { exposure: NO_EXPOSURE, revision: 0, epoch: 0, rolloutId: null, latch: null };
  return { ...target, ...contents, ...nothing, live: true };
}
