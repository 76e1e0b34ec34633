import { asc, eq, sql } from 'drizzle-orm';
import type { Evidence } from '../plans/before.ts';
import type { Database } from './connection.ts';
import { rolloutEvidence } from './evidence-table.ts';

/** What was told of rollouts before they begin. A connection failure is `POSTGRES_UNREACHABLE`. */
export interface EvidenceStore {
  /** Takes the place of what was told of that kind before. */
  tell(rolloutId: string, evidence: Omit<Evidence, 'at'>): Promise<void>;
  /** One for each kind, by its name. */
  of(rolloutId: string): Promise<Evidence[]>;
}

export function createEvidenceStore(database: Database): EvidenceStore {
  return {
    async tell(rolloutId, evidence) {
      const values = { rolloutId, ...evidence };
      await database.run((queries) =>
        queries
          .insert(rolloutEvidence)
          .values(values)
          .onConflictDoUpdate({
            target: [rolloutEvidence.rolloutId, rolloutEvidence.kind],
            set: { ...values, at: sql`now()` },
          }),
      );
    },
    of: (rolloutId) =>
      database.run(async (queries) => {
        const rows = await queries
          .select()
          .from(rolloutEvidence)
          .where(eq(rolloutEvidence.rolloutId, rolloutId))
          .orderBy(asc(rolloutEvidence.kind));
        return rows.map(({ rolloutId: _rollout, ...evidence }) => evidence);
      }),
  };
}
