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

/** The segment of a name; undefined when there is none. */
export function segmentNamed(segments: KnownSegments, name: string): Segment | SharedSegment | undefined {
  return Object.hasOwn(segments, name) ? segments[name] : undefined;
}
