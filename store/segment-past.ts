import { asc, eq } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { SharedSegment } from '../plans/flag/segment.ts';
import type { Queries } from './connection.ts';
import type { By, SegmentRevision } from './registry-contract.ts';
import { segmentRevisions } from './schema.ts';
import { enrol, putSegment } from './segment-edits.ts';
import { findSegment, sharedSegment } from './segment-rows.ts';

/** A segment as it was at a revision, people included; null: it was removed. @throws Failure SEGMENT_UNKNOWN, REVISION_UNKNOWN */
export async function segmentAt(
  queries: Queries,
  name: string,
  revision: number,
): Promise<SharedSegment | null> {
  const all = await queries
    .select({
      revision: segmentRevisions.revision,
      spec: segmentRevisions.spec,
      member: segmentRevisions.member,
    })
    .from(segmentRevisions)
    .where(eq(segmentRevisions.name, name))
    .orderBy(asc(segmentRevisions.revision));
  const last = all.at(-1);
  if (last === undefined) throw new Failure('SEGMENT_UNKNOWN', `There is no segment ${name}.`);
  if (!all.some((entry) => entry.revision === revision)) {
    const there = `the last one is ${last.revision}`;
    throw new Failure(
      'REVISION_UNKNOWN',
      `There is no revision ${revision} of the segment ${name}; ${there}.`,
    );
  }
  return all.filter((entry) => entry.revision <= revision).reduce(after, null);
}

function after(
  before: SharedSegment | null,
  { spec, member }: Pick<SegmentRevision, 'spec' | 'member'>,
): SharedSegment | null {
  if (spec === null) return null;
  const { joined, left } = spec.joinable && before !== null ? before : { joined: [], left: [] };
  if (member === null) return { ...spec, joined, left };
  const without = (list: readonly string[]) => list.filter((key) => key !== member.key);
  return {
    ...spec,
    joined: [...without(joined), ...(member.change === 'joined' ? [member.key] : [])],
    left: [...without(left), ...(member.change === 'left' ? [member.key] : [])],
  };
}

/**
 * What the segment was at a revision, as a new one. Who has joined or left since stays: that is for people to say. Only a
 * segment that was removed, or that nobody could join, gets the people back that it had then, each in the history.
 */
export async function undoSegment(
  queries: Queries,
  name: string,
  { revision, configured }: { revision: number; configured: readonly string[] },
  by: By,
): Promise<SharedSegment> {
  const past = await segmentAt(queries, name, revision);
  if (past === null) {
    throw new Failure('SEGMENT_INVALID', `At revision ${revision} the segment ${name} was removed.`, {
      details: [`revision: ${revision} removed it. Instead: \`tidegate flags segments remove ${name}\``],
    });
  }
  const { joined, left, ...spec } = past;
  const before = await findSegment(queries, name);
  let segment = await putSegment(queries, spec, configured, by);
  if (!spec.joinable || (before !== null && sharedSegment(before).joinable)) return segment;
  for (const key of joined) segment = await enrol(queries, name, { key, change: 'joined' }, by);
  for (const key of left) segment = await enrol(queries, name, { key, change: 'left' }, by);
  return segment;
}
