import { desc, eq, sql } from 'drizzle-orm';
import { leftOut } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import { MEMBER_LIMIT, type SegmentSpec, type SharedSegment } from '../plans/flag/segment.ts';
import { readableSpec, segmentsOf } from '../plans/flag/spec.ts';
import { stable } from '../plans/flag/stable.ts';
import type { Queries } from './connection.ts';
import { FLAGS_CHANNEL } from './flag-contract.ts';
import { oneAtATime } from './locks.ts';
import type { By, SegmentRevision } from './registry-contract.ts';
import { flags, segmentRevisions, segments } from './schema.ts';
import { findSegment, sharedSegment } from './segment-rows.ts';

type Change = Pick<SegmentRevision, 'spec' | 'member'>;

export async function segmentNamed(queries: Queries, name: string): Promise<SharedSegment> {
  const row = await findSegment(queries, name);
  if (row === null) throw unknown(name);
  return sharedSegment(row);
}

/** Makes or changes a segment. One that is not joinable any more forgets who joined and left. */
export async function putSegment(
  queries: Queries,
  spec: SegmentSpec,
  configured: readonly string[],
  by: By,
): Promise<SharedSegment> {
  await oneAtATime(queries, 'definitions');
  const { name } = spec;
  if (configured.includes(name)) {
    throw new Failure('SEGMENT_INVALID', `There is a segment ${name} in tidegate.yaml.`, {
      where: `tidegate.yaml: segments.${name}`,
      details: ['name: this name is taken. Instead: another name, or take it out of tidegate.yaml'],
    });
  }
  const present = await findSegment(queries, name);
  if (present !== null && stable(present.spec) === stable(spec)) return sharedSegment(present);
  if (!spec.joinable) {
    const used = await uses(queries, name, ({ path }) => path[0] === 'optIn');
    if (used.length > 0)
      throw new Failure('SEGMENT_IN_USE', `People opt in by the segment ${name}.`, { details: used });
  }
  const members = spec.joinable && present !== null ? present : { joined: [], left: [] };
  const { joined, left } = members;
  await record(queries, name, { spec, member: null }, by);
  const revision = await lastRevision(queries, name);
  await queries
    .insert(segments)
    .values({ name, spec, joined, left, revision })
    .onConflictDoUpdate({ target: segments.name, set: { spec, joined, left, revision } });
  return { ...spec, joined, left };
}

export async function removeSegment(queries: Queries, name: string, by: By): Promise<void> {
  await oneAtATime(queries, 'definitions');
  if ((await findSegment(queries, name)) === null) throw unknown(name);
  const used = await uses(queries, name, () => true);
  if (used.length > 0)
    throw new Failure('SEGMENT_IN_USE', `The segment ${name} is in use.`, { details: used });
  await queries.delete(segments).where(eq(segments.name, name));
  await record(queries, name, { spec: null, member: null }, by);
}

/** `SEGMENT_FULL` beyond the bound, `SEGMENT_INVALID` where nobody can join. */
export async function enrol(
  queries: Queries,
  name: string,
  member: NonNullable<SegmentRevision['member']>,
  by: By,
): Promise<SharedSegment> {
  const row = await findSegment(queries, name);
  if (row === null) throw unknown(name);
  const { spec } = row;
  if (!spec.joinable) {
    throw new Failure('SEGMENT_INVALID', `Nobody joins or leaves the segment ${name}.`, {
      details: ['joinable: it is false. Instead: `joinable: true`'],
    });
  }
  const { key, change } = member;
  const without = (list: readonly string[]) => list.filter((other) => other !== key);
  const joined = [...without(row.joined), ...(change === 'joined' ? [key] : [])];
  const left = [...without(row.left), ...(change === 'left' ? [key] : [])];
  const same =
    change === 'forgotten' ? !row.joined.includes(key) && !row.left.includes(key) : row[change].includes(key);
  if (same) return sharedSegment(row);
  const full = joined.length > MEMBER_LIMIT || left.length > MEMBER_LIMIT;
  if (full) {
    const who = change === 'left' ? 'left' : 'joined';
    throw new Failure('SEGMENT_FULL', `${MEMBER_LIMIT} people have ${who} the segment ${name}: no more fit.`);
  }
  await record(queries, name, { spec, member }, by);
  const revision = await lastRevision(queries, name);
  await queries.update(segments).set({ joined, left, revision }).where(eq(segments.name, name));
  return { ...spec, joined, left };
}

export function segmentRevisionsOf(queries: Queries, name: string): Promise<SegmentRevision[]> {
  const { revision, spec, member, author, reason, at } = segmentRevisions;
  return queries
    .select({ revision, spec, member, author, reason, at })
    .from(segmentRevisions)
    .where(eq(segmentRevisions.name, name))
    .orderBy(desc(revision))
    .limit(1000);
}

/** The next revision, and the notice; numbers go on after a segment was removed and made again. */
async function record(queries: Queries, name: string, change: Change, by: By): Promise<void> {
  const revision = (await lastRevision(queries, name)) + 1;
  const { author, reason } = by;
  await queries.insert(segmentRevisions).values({ name, revision, author, reason, ...change });
  // No flag's revision: followers read everything again.
  const notice = JSON.stringify({ segment: name, revision });
  await queries.execute(sql`select pg_notify(${FLAGS_CHANNEL}, ${notice})`);
}

async function lastRevision(queries: Queries, name: string): Promise<number> {
  const [row] = await queries
    .select({ last: sql<number>`coalesce(max(${segmentRevisions.revision}), 0)::int` })
    .from(segmentRevisions)
    .where(eq(segmentRevisions.name, name));
  return row?.last ?? 0;
}

/** Where flags name a segment, in their rules or in the exposure that is in force. */
async function uses(
  queries: Queries,
  name: string,
  counts: (use: ReturnType<typeof segmentsOf>[number]) => boolean,
): Promise<string[]> {
  const rows = await queries.select().from(flags);
  return rows.flatMap(({ environment, key, spec: stored, exposure }) => {
    const spec = readableSpec(stored);
    const places = spec === null ? [] : segmentsOf(spec);
    const named = [...exposure.segments, ...leftOut(exposure)];
    const served = named.map((segment) => ({ name: segment, path: ['exposure'] }));
    return [...places, ...served]
      .filter((use) => use.name === name && counts(use))
      .map((use) => `${key} in ${environment}: ${use.path.join('.')}`);
  });
}

function unknown(name: string): Failure {
  return new Failure('SEGMENT_UNKNOWN', `There is no segment ${name}.`);
}
