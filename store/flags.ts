import { asc, eq } from 'drizzle-orm';
import { type Exposure, isServed, NO_EXPOSURE, sameExposure } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { Database, Queries } from './connection.ts';
import type {
  FlagChange,
  FlagChangeResult,
  FlagClaimResult,
  FlagDefinition,
  FlagLatch,
  FlagLease,
  FlagRenewalResult,
  FlagState,
  FlagStore,
  FlagTarget,
  LeaseRenewal,
} from './flag-contract.ts';
import { moveByHand } from './flag-edits.ts';
import {
  at,
  changeFlag,
  clock,
  findFlag,
  held,
  key,
  lastWriter,
  locked,
  named,
  notify,
  revisions,
  seemsLapsed,
  state,
} from './flag-rows.ts';
import {
  claimedShape,
  isAsBelieved,
  judge,
  killedExposure,
  leaseAt,
  lowers,
  pointOfNoReturn,
} from './flag-rules.ts';
import { inHaste } from './locks.ts';
import { plannedEntry } from './planned-spec.ts';
import { flags } from './schema.ts';
import { listSegments } from './segment-rows.ts';

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

    segments: () => database.run(listSegments),

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
        moveByHand(queries, target, { exposure }, { rolloutId: null, author, reason }),
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
  const entry = flag.spec === null ? await plannedEntry(queries, rolloutId) : null;
  const next = {
    ...flag,
    shape: claimedShape(flag, shape),
    spec: entry?.spec ?? flag.spec,
    rolloutId,
    epoch: flag.epoch + 1,
    lease: null,
    decommissioned: null,
  };
  const done = created.length === 1 ? 'created and claimed' : 'claimed';
  const reason = entry?.note == null ? done : `${done}; ${entry.note}`;
  return {
    kind: 'claimed',
    reading: await changeFlag(queries, next, { rolloutId, author: rolloutId, reason }),
  };
}

async function write(queries: Queries, wanted: FlagChange): Promise<FlagChangeResult> {
  if (wanted.direction === 'lower') await inHaste(queries);
  const flag = await locked(queries, wanted);
  const ruling = judge(wanted, flag, await lastWriter(queries, wanted));
  if (ruling === 'unchanged') {
    // A late copy of a write that landed long ago says nothing about the lease of today.
    if (isAsBelieved(wanted, flag)) await setLease(queries, flag, await leaseOf(queries, wanted, flag));
    return { kind: 'unchanged', revision: flag.revision, epoch: flag.epoch };
  }
  if (ruling !== 'write') return { kind: 'refused', why: ruling, current: flag };
  const { rolloutId, author, reason, exposure } = wanted;
  const lease = await leaseOf(queries, wanted, flag);
  // What widens is a raise, whatever its writer calls it: it was judged as one.
  const widens = !lowers(exposure, flag.exposure, flag.shape.canary);
  const live = isServed(exposure) && (flag.live || widens || wanted.direction === 'raise');
  // A late raise is refused, whatever revision it believes in.
  const epoch = wanted.final === true ? flag.epoch + 1 : flag.epoch;
  const next = { ...flag, exposure, live, lease, epoch };
  const after = await changeFlag(queries, next, { rolloutId, author, reason });
  return { kind: 'written', before: flag.revision, after: after.revision, epoch: after.epoch };
}

/** The lease that a write asks for, from now on; null: none. */
async function leaseOf(queries: Queries, { lease, exposure }: FlagChange, { shape }: FlagState) {
  const now = lease === undefined ? 0 : await clock(queries);
  return leaseAt(lease, exposure, { canary: shape.canary, now });
}

/** As no new revision: who gets what stays the same. */
async function setLease(queries: Queries, flag: FlagState, lease: FlagLease | null): Promise<FlagState> {
  const reading = { ...flag, lease };
  if (lease === null && flag.lease == null) return reading;
  await queries.update(flags).set({ lease }).where(at(flag));
  await notify(queries, reading);
  return reading;
}

async function kill(
  queries: Queries,
  target: FlagTarget,
  safe: Exposure | null,
  latch: FlagLatch,
): Promise<FlagState> {
  await inHaste(queries);
  const flag = await locked(queries, target);
  const refusal = pointOfNoReturn(flag);
  if (refusal !== null) throw refusal;
  const exposure = killedExposure(safe, flag);
  const live = flag.live && isServed(exposure);
  const by = { rolloutId: null, author: latch.by, reason: latch.reason };
  if (flag.latch === null) {
    return changeFlag(queries, { ...flag, exposure, live, lease: null, latch, epoch: flag.epoch + 1 }, by);
  }
  const same = sameExposure(exposure, flag.exposure) && live === flag.live;
  return same ? flag : changeFlag(queries, { ...flag, exposure, live, lease: null }, by);
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
  return { kind: 'renewed', reading: await setLease(queries, flag, lease) };
}
