import { and, desc, eq, sql } from 'drizzle-orm';
import { isNobody, isServed } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import { lifecycleAfter } from '../plans/flag/lifecycle.ts';
import type { Queries } from './connection.ts';
import {
  FLAGS_CHANNEL,
  type FlagDefinition,
  type FlagNotice,
  type FlagRevision,
  type FlagState,
  type FlagTarget,
} from './flag-contract.ts';
import { openLease } from './flag-rules.ts';
import { flagRevisions, flags } from './schema.ts';

/** `rolloutId`: null for a person. */
export interface Author {
  rolloutId: string | null;
  author: string;
  reason: string;
  /** They did it on the platform, past Tidegate. */
  found?: true;
}

/** Writes the next revision of a flag whose row this transaction holds, its revision row and the notice. */
export async function changeFlag(queries: Queries, next: FlagState, by: Author): Promise<FlagState> {
  const {
    environment,
    key,
    exposure,
    epoch,
    rolloutId,
    latch,
    lease = null,
    decommissioned,
    shape,
    spec,
    live,
  } = next;
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
      spec,
      live,
      ...(by.rolloutId === null ? {} : { lifecycle: lifecycleAfter(next) }),
      // What somebody changes is no rehearsal any more: a rollback, a kill and a hand end every drill.
      drill: null,
      revision,
      updatedAt: sql`now()`,
      updatedBy: by.author,
    })
    .where(at(next))
    .returning();
  if (row === undefined) throw unknown(next);
  const { found, ...whose } = by;
  const content = {
    shape,
    spec,
    live,
    latched: latch !== null,
    ...(found === undefined ? {} : { found }),
  };
  await queries
    .insert(flagRevisions)
    .values({ environment, key, revision, exposure, epoch, content, ...whose });
  await notify(queries, state(row));
  return state(row);
}

export async function notify(
  queries: Queries,
  { environment, key, revision, lease, drill, exposure, latch }: FlagState,
): Promise<void> {
  const notice: FlagNotice = {
    environment,
    key,
    revision,
    ...(lease == null ? {} : { lease: lease.until }),
    ...(drill == null ? {} : { drill: drill.id }),
    ...(latch !== null || isNobody(exposure) ? { stops: true } : {}),
  };
  await queries.execute(sql`select pg_notify(${FLAGS_CHANNEL}, ${JSON.stringify(notice)})`);
}

/** By this process's clock; the database's decides. */
export function seemsLapsed(flag: FlagState): boolean {
  const lease = openLease(flag);
  return lease !== null && lease.until <= Date.now();
}

/** One clock for all leases: the database's. */
export async function clock(queries: Queries): Promise<number> {
  const { rows } = await queries.execute<{ now: string }>(
    sql`select extract(epoch from clock_timestamp()) * 1000 as now`,
  );
  return Math.floor(Number(rows[0]?.now));
}

/** The flag with its row held, and a lease that has run out carried out: no rule is applied to what no longer is. */
export async function held(queries: Queries, target: FlagTarget): Promise<FlagState | null> {
  const flag = await findFlag(queries, target, { lock: true });
  const lease = flag === null ? null : openLease(flag);
  if (flag === null || lease === null || lease.until > (await clock(queries))) return flag;
  const reason = `the lease ran out at ${new Date(lease.until).toISOString()} and nobody had renewed it`;
  const by = { rolloutId: null, author: 'tidegate (lease)', reason };
  const live = flag.live && isServed(lease.fallback);
  return changeFlag(queries, { ...flag, exposure: lease.fallback, live }, by);
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

export async function locked(queries: Queries, target: FlagTarget): Promise<FlagState> {
  const flag = await held(queries, target);
  if (flag === null) throw unknown(target);
  return flag;
}

export function revisions(queries: Queries, target: FlagTarget, limit: number): Promise<FlagRevision[]> {
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

export function at({ environment, key }: FlagTarget) {
  return and(eq(flags.environment, environment), eq(flags.key, key));
}

export function key({ environment, key }: FlagTarget): FlagTarget {
  return { environment, key };
}

export function state({
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

export function named({ environment, key }: FlagTarget): string {
  return `flag ${key} in ${environment}`;
}

function unknown(target: FlagTarget): Failure {
  return new Failure('FLAG_UNKNOWN', `There is no ${named(target)}.`);
}
