import { and, desc, eq } from 'drizzle-orm';
import { isServed, sameExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { Database, Queries } from './connection.ts';
import type { FlagRevision, FlagState, FlagTarget } from './flag-contract.ts';
import { mayEdit, moveByHand, putFlag, refuseForeign, review, sameService } from './flag-edits.ts';
import { type Author, changeFlag, findFlag, locked, named, revisions, state } from './flag-rows.ts';
import { lowers } from './flag-rules.ts';
import { type FlagWorlds, openWorlds } from './flag-worlds.ts';
import { givingWay } from './giving-way.ts';
import { oneAtATime } from './locks.ts';
import type { By, FlagRegistry, Undone } from './registry-contract.ts';
import { flagRevisions, flags } from './schema.ts';
import { enrol, putSegment, removeSegment, segmentNamed, segmentRevisionsOf } from './segment-edits.ts';
import { segmentAt, undoSegment } from './segment-past.ts';
import { listSegments } from './segment-rows.ts';

/** Definitions and segments in PostgreSQL. `configured`: the names of the segments of tidegate.yaml. */
export function createFlagRegistry(
  database: Pick<Database, 'run' | 'transaction'>,
  configured: readonly string[],
  shared: FlagWorlds | null = null,
): FlagRegistry {
  const worldsOf = (queries: Queries) => shared ?? openWorlds(queries, configured);
  const ofSegments = async <T>(work: (queries: Queries) => Promise<T>): Promise<T> => {
    const done = await database.transaction(work);
    shared?.forget();
    return done;
  };
  return {
    together: (work) =>
      givingWay(database, (queries, step) => {
        const within = <T>(one: (of: Queries) => Promise<T>) => step(() => one(queries));
        const worlds = openWorlds(queries, configured);
        return work(createFlagRegistry({ run: within, transaction: within }, configured, worlds));
      }),
    read: (target) => database.run((queries) => findFlag(queries, target)),
    flags: (environment) =>
      database.run(async (queries) =>
        (await queries.select().from(flags).where(eq(flags.environment, environment))).map(state),
      ),
    environments: (key) =>
      database.run(async (queries) => {
        const { environment } = flags;
        const rows = await queries.select({ environment }).from(flags).where(eq(flags.key, key));
        return rows.map((row) => row.environment);
      }),
    put: (target, wanted, by) =>
      database.transaction((queries) =>
        putFlag(queries, target, { ...wanted, worlds: worldsOf(queries) }, person(by)),
      ),
    move: (target, to, by) =>
      database.transaction(async (queries) => {
        refuseForeign(await locked(queries, target));
        return moveByHand(queries, target, to, person(by));
      }),
    history: (target, limit) => database.run((queries) => revisions(queries, target, limit)),
    revision: (target, revision) => database.run((queries) => revisionOf(queries, target, revision)),
    undo: (target, revision, by) =>
      database.transaction((queries) =>
        undo(queries, target, { revision, worlds: openWorlds(queries, configured) }, person(by)),
      ),
    segments: () => database.run(listSegments),
    segment: (name) => database.run((queries) => segmentNamed(queries, name)),
    putSegment: (spec, by) => ofSegments((queries) => putSegment(queries, spec, configured, by)),
    removeSegment: (name, by) => ofSegments((queries) => removeSegment(queries, name, by)),
    enrol: (name, key, what, by) =>
      database.transaction((queries) => enrol(queries, name, { key, change: what }, by)),
    segmentAt: (name, revision) => database.run((queries) => segmentAt(queries, name, revision)),
    undoSegment: (name, revision, by) =>
      ofSegments((queries) => undoSegment(queries, name, { revision, configured }, by)),
    segmentRevisions: (name) => database.run((queries) => segmentRevisionsOf(queries, name)),
  };
}

function person({ author, reason }: By): Author {
  return { rolloutId: null, author, reason };
}

async function revisionOf(queries: Queries, target: FlagTarget, revision: number): Promise<FlagRevision> {
  const { environment, key } = flagRevisions;
  const [row] = await queries
    .select()
    .from(flagRevisions)
    .where(
      and(eq(environment, target.environment), eq(key, target.key), eq(flagRevisions.revision, revision)),
    );
  if (row !== undefined) return row;
  const [last] = await queries
    .select({ revision: flagRevisions.revision })
    .from(flagRevisions)
    .where(and(eq(environment, target.environment), eq(key, target.key)))
    .orderBy(desc(flagRevisions.revision))
    .limit(1);
  if (last === undefined) throw new Failure('FLAG_UNKNOWN', `There is no ${named(target)}.`);
  const there = `the last one is ${last.revision}`;
  throw new Failure('REVISION_UNKNOWN', `There is no revision ${revision} of ${named(target)}; ${there}.`);
}

async function undo(
  queries: Queries,
  target: FlagTarget,
  { revision, worlds }: { revision: number; worlds: FlagWorlds },
  by: Author,
): Promise<Undone> {
  await oneAtATime(queries, 'definitions');
  const flag = await locked(queries, target);
  const old = await revisionOf(queries, target, revision);
  const { content } = old;
  const contents = { shape: content?.shape ?? flag.shape, spec: content?.spec ?? flag.spec };
  refuseMoved(flag, old, contents);
  if (content !== null && contents.spec !== null) {
    const { environment, key } = target;
    await review({ environment, key, ...contents }, worlds, flag);
    mayEdit(flag, { shape: contents.shape, spec: contents.spec });
  }
  // What a platform serves was compared above, and is none of this one's.
  if (flag.shape.provider !== undefined)
    return { flag: await changeFlag(queries, { ...flag, spec: contents.spec }, by), kept: null };
  const live = content?.live ?? isServed(old.exposure);
  const down = lowers(old.exposure, flag.exposure, flag.shape.canary);
  const free = flag.latch === null && flag.rolloutId === null;
  const exposure = free || down ? old.exposure : flag.exposure;
  const next = { ...flag, ...contents, exposure, live: free ? live : live && flag.live };
  const kept = free || (down && next.live === live) ? null : flag.latch === null ? 'owned' : 'latched';
  return { flag: await changeFlag(queries, next, by), kept };
}

/** Of a flag on another platform only what it is for people goes back. */
function refuseMoved(
  flag: FlagState,
  { exposure }: FlagRevision,
  { shape, spec }: Pick<FlagState, 'shape' | 'spec'>,
): void {
  if (flag.shape.provider === undefined) return;
  const { variants, baseline, canary, stickiness } = shape;
  const contents = spec === null ? null : { shape: { variants, baseline, canary, stickiness }, spec };
  const same = contents === null || sameService(flag, contents);
  if (!same || !sameExposure(exposure, flag.exposure)) refuseForeign(flag);
}
