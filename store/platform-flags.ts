import { and, asc, eq, type SQL, sql } from 'drizzle-orm';
import { sameExposure } from '../plans/exposure.ts';
import type { Database, Queries } from './connection.ts';
import type { FlagTarget } from './flag-contract.ts';
import { changeFlag, findFlag, lastWriter, revisions, state } from './flag-rows.ts';
import { judge, lowers } from './flag-rules.ts';
import type {
  LinkedFlag,
  PendingRaise,
  PlatformLink,
  PlatformRuling,
  PlatformStore,
  Sight,
} from './platform-contract.ts';
import { type Known, LATE_MS, ruleSighting } from './platform-rules.ts';
import { flags, platformFlags } from './schema.ts';

/** How many versions and revisions are remembered: a read that is older than these is taken for somebody else's change. */
const PAST = 50;

export function createPlatformStore(database: Database): PlatformStore {
  return {
    read: (target) =>
      database.run(async (queries) => {
        const [one] = await together(queries, at(target));
        return one ?? null;
      }),

    unsettled: (provider) =>
      database.run(async (queries) =>
        (await together(queries, eq(platformFlags.provider, provider))).filter((one) => !settled(one)),
      ),

    link: (target, provider) =>
      database.transaction(async (queries) => {
        const { environment, key } = target;
        // Another platform than before: what was seen there says nothing about this one.
        const afresh = { provider, applied: null, version: null, past: [], pending: null };
        await queries
          .insert(platformFlags)
          .values({ environment, key, ...afresh })
          .onConflictDoUpdate({
            target: [platformFlags.environment, platformFlags.key],
            set: { ...afresh, turn: sql`${platformFlags.turn} + 1` },
            setWhere: sql`${platformFlags.provider} <> ${provider}`,
          });
      }),

    intend: (wanted) =>
      database.transaction(async (queries) => {
        const linked = await found(queries, wanted);
        const { flag, link } = linked;
        const ruling = judge(wanted, flag, await lastWriter(queries, wanted));
        if (ruling !== 'write') return { kind: ruling, current: flag };
        const { rolloutId, exposure, author, reason } = wanted;
        const at = Date.now();
        const pending = { rolloutId, exposure, author, reason, revision: flag.revision, at };
        return { kind: 'go', linked: { flag, link: await put(queries, { ...link, pending }) } };
      }),

    observe: (seen, sight) =>
      database.transaction(async (queries) => {
        const now = await found(queries, seen.flag);
        const raced = now.flag.revision !== seen.flag.revision || now.link.turn !== seen.link.turn;
        const ruling: PlatformRuling = raced
          ? { kind: 'raced' }
          : ruleSighting(now, sight, await known(queries, now, sight));
        switch (ruling.kind) {
          case 'raced':
          case 'stale':
            return { ruling, linked: now };
          case 'settled':
          case 'push':
            return {
              ruling,
              linked: { ...now, link: await adopt(queries, now.link, sight, ruling.pending) },
            };
          case 'landed':
          case 'drift': {
            const { rolloutId, author, reason } = ruling;
            const flag = await changeFlag(
              queries,
              { ...now.flag, exposure: sight.exposure },
              { rolloutId, author, reason, ...(ruling.kind === 'drift' ? { found: true } : {}) },
            );
            return { ruling, linked: { flag, link: await adopt(queries, now.link, sight, null) } };
          }
        }
      }),
  };
}

/** Only what is new can be an order that came late, and only of a flag that was changed lately one was overtaken. */
async function known(queries: Queries, { flag, link }: LinkedFlag, { version }: Sight): Promise<Known> {
  const now = Date.now();
  if (version === link.version || now - flag.updatedAt >= LATE_MS) return { now, overtaken: [] };
  const last = await revisions(queries, flag, PAST);
  const overtaken = last.flatMap(({ exposure, content }, i) => {
    const [after, before] = [last[i - 1], last[i + 1]];
    const isLate = after !== undefined && now - after.at < LATE_MS;
    const isOrder = before !== undefined && content?.found !== true;
    return isLate && isOrder && lowers(exposure, before.exposure, flag.shape.canary) ? [exposure] : [];
  });
  return { now, overtaken };
}

/** The platform serves what it should, and no write of ours is on its way: an order that was overtaken may still be, with its sender dead. */
function settled({ flag, link }: LinkedFlag): boolean {
  if (link.pending !== null || Date.now() - flag.updatedAt < LATE_MS) return false;
  return link.applied === null || sameExposure(link.applied, flag.exposure);
}

/** In one statement: of two, the second would see a change that the first has not, which looks like an order that the platform has not taken. */
async function together(queries: Queries, where: SQL | undefined): Promise<LinkedFlag[]> {
  const { environment, key } = platformFlags;
  const rows = await queries
    .select({ flag: flags, link: platformFlags })
    .from(platformFlags)
    .innerJoin(flags, and(eq(flags.environment, environment), eq(flags.key, key)))
    .where(where)
    .orderBy(asc(environment), asc(key));
  return rows.map(({ flag, link }) => ({ flag: state(flag), link }));
}

/** With the flag's row held, which every change of either takes first. */
async function found(queries: Queries, target: FlagTarget): Promise<LinkedFlag> {
  const flag = await findFlag(queries, target, { lock: true });
  const [link] = await queries.select().from(platformFlags).where(at(target));
  if (flag !== null && link !== undefined) return { flag, link };
  throw new Error(`the flag ${target.key} of ${target.environment} is on no platform`);
}

function adopt(
  queries: Queries,
  link: PlatformLink,
  sight: Sight,
  pending: PendingRaise | null,
): Promise<PlatformLink> | PlatformLink {
  const { exposure: applied, version } = sight;
  const fresh = version !== link.version;
  const same = !fresh && link.applied !== null && sameExposure(link.applied, applied);
  if (same && pending === link.pending) return link;
  const past = fresh && link.version !== null ? [...link.past, link.version].slice(-PAST) : link.past;
  return put(queries, { ...link, applied, version, past, pending });
}

async function put(queries: Queries, link: PlatformLink): Promise<PlatformLink> {
  const { applied, version, past, pending } = link;
  const [row] = await queries
    .update(platformFlags)
    .set({ applied, version, past, pending, turn: link.turn + 1, seenAt: sql`now()` })
    .where(at(link))
    .returning();
  if (row === undefined) throw new Error(`the flag ${link.key} of ${link.environment} is on no platform`);
  return row;
}

function at({ environment, key }: FlagTarget) {
  return and(eq(platformFlags.environment, environment), eq(platformFlags.key, key));
}
