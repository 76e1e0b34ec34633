import { and, asc, desc, eq, sql } from 'drizzle-orm';
import { type Exposure, NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { Database, Queries } from './connection.ts';
import {
  FLAGS_CHANNEL,
  type FlagChange,
  type FlagChangeResult,
  type FlagClaimResult,
  type FlagDefinition,
  type FlagLatch,
  type FlagNotice,
  type FlagRenewalResult,
  type FlagRevision,
  type FlagState,
  type FlagStore,
  type FlagTarget,
  type LeaseRenewal,
} from './flag-contract.ts';
import { judge, killedExposure, leaseAt, lowers, openLease, pointOfNoReturn } from './flag-rules.ts';
import { flagRevisions, flags } from './schema.ts';

/** Flags of the embedded provider in PostgreSQL; the rules of each change are in `flag-rules.ts`. */
export function createFlagStore(database: Database): FlagStore {
  return {
    async read(target) {
      const flag = await database.run((queries) => findFlag(queries, target));
      return flag === null || !seemsLapsed(flag)
        ? flag
        : database.transaction((queries) => locked(queries, target));
    },

    async list(environment) {
      const wanted = environment === undefined ? undefined : eq(flags.environment, environment);
      const rows = await database.run((queries) =>
        queries.select().from(flags).where(wanted).orderBy(asc(flags.environment), asc(flags.key)),
      );
      const states = rows.map(state);
      return Promise.all(
        states.map(async (flag) =>
          seemsLapsed(flag) ? database.transaction((queries) => locked(queries, flag)) : flag,
        ),
      );
    },

    revisions: (target, limit = 100) => database.run((queries) => revisions(queries, target, limit)),

    claim: (target, shape, rolloutId) =>
      database.transaction((queries) => claim(queries, target, shape, rolloutId)),

    write: (change) => database.transaction((queries) => write(queries, change)),

    renew: (target, renewal) => database.transaction((queries) => renew(queries, target, renewal)),

    async release(target, rolloutId) {
      await database.transaction(async (queries) => {
        const flag = await held(queries, target);
        if (flag?.rolloutId !== rolloutId) return;
        await changeFlag(
          queries,
          { ...flag, rolloutId: null, lease: null },
          { rolloutId, author: rolloutId, reason: 'released' },
        );
      });
    },

    kill: (target, safe, latch) => database.transaction((queries) => kill(queries, target, safe, latch)),

    unlock: (target, by, reason) =>
      database.transaction(async (queries) => {
        const flag = await locked(queries, target);
        if (flag.latch === null) throw new Failure('FLAG_NOT_LATCHED', `No kill holds ${named(target)}.`);
        return changeFlag(queries, { ...flag, latch: null }, { rolloutId: null, author: by, reason });
      }),

    set: (target, exposure, author, reason) =>
      database.transaction((queries) =>
        setByHand(queries, target, exposure, { rolloutId: null, author, reason }),
      ),
  };
}

async function claim(
  queries: Queries,
  target: FlagTarget,
  shape: FlagDefinition,
  rolloutId: string,
): Promise<FlagClaimResult> {
  const created = await queries
    .insert(flags)
    .values({ ...key(target), ...shape, exposure: NO_EXPOSURE, revision: 0, epoch: 0, updatedBy: rolloutId })
    .onConflictDoNothing()
    .returning({ key: flags.key });
  const flag = await locked(queries, target);
  if (flag.latch !== null) return { kind: 'refused', why: 'latched', current: flag };
  if (flag.rolloutId !== null && flag.rolloutId !== rolloutId) {
    return { kind: 'refused', why: 'owned', current: flag };
  }
  // A repeated claim keeps the epoch: a late duplicate must not make the owner's own writes stale.
  if (flag.rolloutId === rolloutId) return { kind: 'claimed', reading: flag };
  const next = { ...flag, shape, rolloutId, epoch: flag.epoch + 1, lease: null, decommissioned: null };
  const reason = created.length === 1 ? 'created and claimed' : 'claimed';
  return {
    kind: 'claimed',
    reading: await changeFlag(queries, next, { rolloutId, author: rolloutId, reason }),
  };
}

async function write(queries: Queries, wanted: FlagChange): Promise<FlagChangeResult> {
  const flag = await locked(queries, wanted);
  const ruling = judge(wanted, flag, await lastWriter(queries, wanted));
  if (ruling === 'unchanged') return { kind: 'unchanged', revision: flag.revision, epoch: flag.epoch };
  if (ruling !== 'write') return { kind: 'refused', why: ruling, current: flag };
  const { rolloutId, author, reason, exposure } = wanted;
  const now = wanted.lease === undefined ? 0 : await clock(queries);
  const lease = leaseAt(wanted.lease, exposure, { canary: flag.shape.canary, now });
  const after = await changeFlag(queries, { ...flag, exposure, lease }, { rolloutId, author, reason });
  return { kind: 'written', before: flag.revision, after: after.revision, epoch: after.epoch };
}

async function kill(
  queries: Queries,
  target: FlagTarget,
  safe: Exposure | null,
  latch: FlagLatch,
): Promise<FlagState> {
  const flag = await locked(queries, target);
  const refusal = pointOfNoReturn(flag);
  if (refusal !== null) throw refusal;
  const exposure = killedExposure(safe, flag);
  const by = { rolloutId: null, author: latch.by, reason: latch.reason };
  if (flag.latch === null) {
    return changeFlag(queries, { ...flag, exposure, lease: null, latch, epoch: flag.epoch + 1 }, by);
  }
  return sameExposure(exposure, flag.exposure)
    ? flag
    : changeFlag(queries, { ...flag, exposure, lease: null }, by);
}

async function setByHand(
  queries: Queries,
  target: FlagTarget,
  exposure: Exposure,
  by: Author,
): Promise<FlagState> {
  const flag = await locked(queries, target);
  if (sameExposure(exposure, flag.exposure)) return flag;
  if (flag.latch !== null && !lowers(exposure, flag.exposure, flag.shape.canary)) {
    throw new Failure('FLAG_LATCHED', `${flag.latch.by} killed ${named(target)}: ${flag.latch.reason}`);
  }
  return changeFlag(queries, { ...flag, exposure, lease: null }, by);
}

/** `rolloutId`: null for a person. */
interface Author {
  rolloutId: string | null;
  author: string;
  reason: string;
}

/** Writes the next revision of a flag whose row this transaction holds, its revision row and the notice. */
export async function changeFlag(queries: Queries, next: FlagState, by: Author): Promise<FlagState> {
  const { environment, key, exposure, epoch, rolloutId, latch, lease = null, decommissioned, shape } = next;
  const revision = next.revision + 1;
  const [row] = await queries
    .update(flags)
    .set({
      ...shape,
      safe: shape.safe ?? null,
      provider: shape.provider ?? null,
      exposure,
      epoch,
      rolloutId,
      latch,
      lease,
      decommissioned,
      revision,
      updatedAt: sql`now()`,
      updatedBy: by.author,
    })
    .where(at(next))
    .returning();
  if (row === undefined) throw unknown(next);
  await queries.insert(flagRevisions).values({ environment, key, revision, exposure, epoch, ...by });
  await notify(queries, state(row));
  return state(row);
}

async function notify(queries: Queries, { environment, key, revision, lease }: FlagState): Promise<void> {
  const notice: FlagNotice = { environment, key, revision, ...(lease == null ? {} : { lease: lease.until }) };
  await queries.execute(sql`select pg_notify(${FLAGS_CHANNEL}, ${JSON.stringify(notice)})`);
}

async function renew(
  queries: Queries,
  target: FlagTarget,
  { rolloutId, epoch, revision, terms }: LeaseRenewal,
): Promise<FlagRenewalResult> {
  const flag = await locked(queries, target);
  const same = flag.rolloutId === rolloutId && flag.epoch === epoch && flag.revision === revision;
  if (!same || flag.latch !== null) return { kind: 'refused', current: flag };
  const now = await clock(queries);
  const lease = leaseAt(terms, flag.exposure, { canary: flag.shape.canary, now });
  await queries.update(flags).set({ lease }).where(at(target));
  const reading = { ...flag, lease };
  await notify(queries, reading);
  return { kind: 'renewed', reading };
}

/** By this process's clock; the database's decides. */
function seemsLapsed(flag: FlagState): boolean {
  const lease = openLease(flag);
  return lease !== null && lease.until <= Date.now();
}

/** One clock for all leases: the database's. */
async function clock(queries: Queries): Promise<number> {
  const { rows } = await queries.execute<{ now: string }>(
    sql`select extract(epoch from clock_timestamp()) * 1000 as now`,
  );
  return Math.floor(Number(rows[0]?.now));
}

/** The flag with its row held, and a lease that has run out carried out: no rule is applied to what no longer is. */
async function held(queries: Queries, target: FlagTarget): Promise<FlagState | null> {
  const flag = await findFlag(queries, target, { lock: true });
  const lease = flag === null ? null : openLease(flag);
  if (flag === null || lease === null || lease.until > (await clock(queries))) return flag;
  const reason = `the lease ran out at ${new Date(lease.until).toISOString()} and nobody had renewed it`;
  const by = { rolloutId: null, author: 'tidegate (lease)', reason };
  return changeFlag(queries, { ...flag, exposure: lease.fallback }, by);
}

export async function findFlag(
  queries: Queries,
  target: FlagTarget,
  options = { lock: false },
): Promise<FlagState | null> {
  const query = queries.select().from(flags).where(at(target));
  const [row] = await (options.lock ? query.for('update') : query);
  return row === undefined ? null : state(row);
}

async function locked(queries: Queries, target: FlagTarget): Promise<FlagState> {
  const flag = await held(queries, target);
  if (flag === null) throw unknown(target);
  return flag;
}

function revisions(queries: Queries, target: FlagTarget, limit: number): Promise<FlagRevision[]> {
  const { environment, key } = flagRevisions;
  return queries
    .select()
    .from(flagRevisions)
    .where(and(eq(environment, target.environment), eq(key, target.key)))
    .orderBy(desc(flagRevisions.revision))
    .limit(limit);
}

/** The rollout that made the present revision; null for a person. */
export async function lastWriter(queries: Queries, target: FlagTarget): Promise<string | null> {
  const [last] = await revisions(queries, target, 1);
  return last?.rolloutId ?? null;
}

function at({ environment, key }: FlagTarget) {
  return and(eq(flags.environment, environment), eq(flags.key, key));
}

function key({ environment, key }: FlagTarget): FlagTarget {
  return { environment, key };
}

function state({
  variants,
  baseline,
  canary,
  stickiness,
  safe,
  provider,
  ...row
}: typeof flags.$inferSelect): FlagState {
  const shape: FlagDefinition = { variants, baseline, canary, stickiness };
  if (safe !== null) shape.safe = safe;
  if (provider !== null) shape.provider = provider;
  return { ...row, shape };
}

function named({ environment, key }: FlagTarget): string {
  return `flag ${key} in ${environment}`;
}

function unknown(target: FlagTarget): Failure {
  return new Failure('FLAG_UNKNOWN', `There is no ${named(target)}.`);
}
