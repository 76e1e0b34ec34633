import { z } from 'zod';
import type { SharedSegment } from '../plans/flag/segment.ts';

/** A named audience of tidegate.yaml: users whose `attribute` stands in `operator` to one of `values`. */
export const Segment = z.strictObject({
  attribute: z.string().min(1),
  operator: z.enum(['in', 'starts_with', 'ends_with', 'equals']),
  values: z.array(z.string()).min(1),
});
export type Segment = z.infer<typeof Segment>;
/** Those of tidegate.yaml, by name. */
export type Segments = Record<string, Segment>;
/** By name: those of tidegate.yaml and those that flags share through PostgreSQL. */
export type KnownSegments = Record<string, Segment | SharedSegment>;

/** All segments there are. A name that is in both means what tidegate.yaml says: that is the same on each start. */
export function allSegments(configured: Segments, shared: readonly SharedSegment[]): KnownSegments {
  return { ...Object.fromEntries(shared.map((segment) => [segment.name, segment])), ...configured };
}

/** The segment of a name; undefined when there is none. `tenant=acme`: whoever has that value of that attribute. */
export function segmentNamed(segments: KnownSegments, name: string): Segment | SharedSegment | undefined {
  if (Object.hasOwn(segments, name)) return segments[name];
  const listed = listedIn(name);
  if (listed === null) return undefined;
  return { attribute: listed.attribute, operator: 'in', values: [listed.value] };
}

/** The attribute and the value of a segment that a plan has listed, such as a tenant; null for any other name. */
export function listedIn(name: string): { attribute: string; value: string } | null {
  const at = name.indexOf('=');
  return at <= 0 ? null : { attribute: name.slice(0, at), value: name.slice(at + 1) };
}
