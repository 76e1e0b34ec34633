import { asc, eq, sql } from 'drizzle-orm';
import type { ReferenceReport } from '../plans/flag/references.ts';
import type { Database } from './connection.ts';
import { flagReferences } from './reference-table.ts';

/** What repositories last reported of a flag. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface ReferenceStore {
  /** Takes the place of what the repository reported before. */
  report(key: string, report: Omit<ReferenceReport, 'at'>): Promise<void>;
  /** One for each repository, by its name. */
  reports(key: string): Promise<ReferenceReport[]>;
}

export function createReferenceStore(database: Database): ReferenceStore {
  return {
    async report(key, report) {
      const values = { key, ...report };
      await database.run((queries) =>
        queries
          .insert(flagReferences)
          .values(values)
          .onConflictDoUpdate({
            target: [flagReferences.key, flagReferences.repository],
            set: { ...values, at: sql`now()` },
          }),
      );
    },
    reports: (key) =>
      database.run(async (queries) => {
        const rows = await queries
          .select()
          .from(flagReferences)
          .where(eq(flagReferences.key, key))
          .orderBy(asc(flagReferences.repository));
        return rows.map(({ key: _key, ...report }) => report);
      }),
  };
}
