import { and, gte, lt, ne, or, sql } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { flagEvaluations } from './evaluation-table.ts';

/** Answers of OFREP for one flag; `key` null: answers with all flags of the environment. */
export interface EvaluationCount {
  environment: string;
  key: string | null;
  count: number;
}

export interface CountedEvaluations {
  /** The first day on which a server counted, in milliseconds since 1970; null: none has yet. */
  since: number | null;
  counts: EvaluationCount[];
}

/** How often OFREP evaluated which flag, of all servers together. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface EvaluationStore {
  /** Adds to today's counts and notes that somebody counts. Not idempotent: what counts is whether there is any. */
  add(counts: readonly EvaluationCount[]): Promise<void>;
  /** What was counted since the day of `from` (milliseconds since 1970). */
  read(from: number): Promise<CountedEvaluations>;
}

const TODAY = sql`(now() at time zone 'utc')::date`;
/** Longer than any window that is asked for. */
const KEPT_DAYS = 400;
const SOMEBODY = { environment: '', key: '' };

export function createEvaluationStore(database: Database): EvaluationStore {
  return {
    add: (counts) =>
      database.transaction(async (queries) => {
        const rows = [
          { ...SOMEBODY, count: 0 },
          ...counts.map(({ environment, key, count }) => ({ environment, key: key ?? '', count })),
        ];
        // In one order, or two servers wait for one another.
        rows.sort((a, b) => (`${a.environment}\n${a.key}` < `${b.environment}\n${b.key}` ? -1 : 1));
        await queries
          .insert(flagEvaluations)
          .values(rows.map((row) => ({ ...row, day: TODAY })))
          .onConflictDoUpdate({
            target: [flagEvaluations.day, flagEvaluations.environment, flagEvaluations.key],
            set: { count: sql`${flagEvaluations.count} + excluded.count` },
          });
        await queries
          .delete(flagEvaluations)
          .where(lt(flagEvaluations.day, sql`${TODAY} - ${KEPT_DAYS}::int`));
      }),

    read: (from) =>
      database.run(async (queries) => {
        const { environment, key, day, count } = flagEvaluations;
        const [first] = await queries
          .select({ day: sql<string | null>`min(${day})::text` })
          .from(flagEvaluations);
        const counts = await queries
          .select({ environment, key, count: sql<string>`sum(${count})` })
          .from(flagEvaluations)
          .where(
            and(gte(day, new Date(from).toISOString().slice(0, 10)), or(ne(environment, ''), ne(key, ''))),
          )
          .groupBy(environment, key);
        return {
          since: first?.day == null ? null : Date.parse(first.day),
          counts: counts.map((row) => ({
            environment: row.environment,
            key: row.key === '' ? null : row.key,
            count: Number(row.count),
          })),
        };
      }),
  };
}
