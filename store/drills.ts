import { and, desc, eq, isNotNull, lte } from 'drizzle-orm';
import type { DrillRun, FlagDrill } from '../plans/drill.ts';
import { Failure } from '../plans/failures.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Database, Queries } from './connection.ts';
import type { FlagState, FlagTarget } from './flag-contract.ts';
import { at, locked, named, notify } from './flag-rows.ts';
import { drills, flags } from './schema.ts';

export interface StoredDrill {
  rolloutId: string;
  environment: string;
  flag: string;
  run: DrillRun;
}

export interface DrillFilter {
  environment?: string | undefined;
  flag?: string | undefined;
  rollout?: string | undefined;
  limit: number;
}

/** Rehearsed rollbacks. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface DrillStore {
  /** The latest first. */
  list(filter: DrillFilter): Promise<StoredDrill[]>;
  /** Breaks the new path of a flag that this rollout owns; no revision, and so no drift. `FLAG_OWNED`, `FLAG_LATCHED`. */
  breakFlag(target: FlagTarget, rolloutId: string, drill: FlagDrill): Promise<FlagState>;
  /** Mends it, if it is this drill that breaks it. */
  mendFlag(target: FlagTarget, id: string): Promise<FlagState>;
}

export function createDrillStore(database: Database): DrillStore {
  return {
    list: ({ environment, flag, rollout, limit }) =>
      database.run((queries) =>
        queries
          .select(columns)
          .from(drills)
          .where(
            and(
              environment === undefined ? undefined : eq(drills.environment, environment),
              flag === undefined ? undefined : eq(drills.flag, flag),
              rollout === undefined ? undefined : eq(drills.rolloutId, rollout),
            ),
          )
          .orderBy(desc(drills.startedAt), desc(drills.id))
          .limit(limit),
      ),
    breakFlag: (target, rolloutId, drill) =>
      database.transaction(async (queries) => {
        const flag = await locked(queries, target);
        if (flag.rolloutId !== rolloutId)
          throw new Failure('FLAG_OWNED', `${rolloutId} does not move ${named(target)} any more.`);
        if (flag.latch !== null) throw new Failure('FLAG_LATCHED', `A kill holds ${named(target)}.`);
        return put(queries, { ...flag, drill });
      }),
    mendFlag: (target, id) =>
      database.transaction(async (queries) => {
        const flag = await locked(queries, target);
        return flag.drill?.id === id ? put(queries, { ...flag, drill: null }) : flag;
      }),
  };
}

const columns = {
  rolloutId: drills.rolloutId,
  environment: drills.environment,
  flag: drills.flag,
  run: drills.run,
};

async function put(queries: Queries, flag: FlagState): Promise<FlagState> {
  await queries
    .update(flags)
    .set({ drill: flag.drill ?? null })
    .where(at(flag));
  await notify(queries, flag);
  return flag;
}

/** The last drill of a flag that has an end, passed or not; null: there was none. */
export async function lastDrill(
  queries: Queries,
  { environment, flag }: { environment: string; flag: string },
): Promise<DrillRun | null> {
  const [row] = await queries
    .select({ run: drills.run })
    .from(drills)
    .where(and(eq(drills.environment, environment), eq(drills.flag, flag), isNotNull(drills.passed)))
    .orderBy(desc(drills.startedAt), desc(drills.id))
    .limit(1);
  return row?.run ?? null;
}

/** Keeps the drill that a step of a rollout shows; an older step takes nothing back. */
export async function recordDrill(queries: Queries, view: RolloutView): Promise<void> {
  const { drill: run } = view;
  if (run === undefined) return;
  const { id: rolloutId, environment, flag, seq } = view;
  const values = { rolloutId, environment, flag, run, seq, passed: run.passed, startedAt: run.startedAt };
  await queries
    .insert(drills)
    .values({ id: run.id, ...values })
    .onConflictDoUpdate({ target: drills.id, set: values, setWhere: lte(drills.seq, seq) });
}
