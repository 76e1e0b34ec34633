import { desc, inArray, sql } from 'drizzle-orm';
import type { Verdict } from '../plans/assessment.ts';
import type { Database } from './connection.ts';
import { rollouts } from './schema.ts';
import type { RolloutRow } from './store.ts';

/** A rollout of the board and which version of its row there is. */
export interface BoardMark {
  id: string;
  version: string;
}

/** The latest poll of a rollout that still runs. */
export interface GateMark {
  id: string;
  at: number;
  stage: string;
  verdict: Verdict;
  lnE: number;
  threshold: number;
  metric: string | null;
}

/** What a list of rollouts shows, cheap enough to be asked for again and again. */
export interface BoardStore {
  /** Those that still run, then the newest of the others, at most `limit`. */
  marks(limit: number): Promise<BoardMark[]>;
  rows(ids: readonly string[]): Promise<RolloutRow[]>;
  gates(): Promise<GateMark[]>;
}

export function createConsoleBoardStore(database: Database): BoardStore {
  return {
    marks: (limit) =>
      database.run((queries) =>
        queries
          // Every change of a row gives it a new one, also where the view's number stays.
          .select({ id: rollouts.id, version: sql<string>`${rollouts}.xmin::text` })
          .from(rollouts)
          .orderBy(sql`${rollouts.endedAt} is not null`, desc(rollouts.submittedAt), desc(rollouts.id))
          .limit(limit),
      ),

    async rows(ids) {
      if (ids.length === 0) return [];
      const { id, name, flag, environment, service, phase, submittedBy, submittedAt, endedAt, view, plan } =
        rollouts;
      const columns = {
        id,
        name,
        flag,
        environment,
        service,
        phase,
        submittedBy,
        submittedAt,
        endedAt,
        view,
      };
      const found = await database.run((queries) =>
        queries
          .select({
            ...columns,
            // The plan tells of a rollout only until its workflow has written a view.
            plan: sql<unknown>`case when ${view} is null then ${plan} end`,
          })
          .from(rollouts)
          .where(inArray(id, [...ids])),
      );
      return found.map((row) => ({ ...row, text: '' }));
    },

    async gates() {
      const { rows } = await database.run((queries) =>
        queries.execute<{
          id: string;
          at: number;
          stage: string;
          verdict: Verdict;
          ln_e: number | null;
          threshold: number | null;
          metric: string | null;
        }>(sql`
          select r.id, extract(epoch from s.at)::float8 * 1000 as at, s.stage,
                 s.assessment ->> 'verdict' as verdict, (s.assessment ->> 'lnE')::float8 as ln_e,
                 (s.assessment ->> 'threshold')::float8 as threshold, s.assessment ->> 'metric' as metric
          from rollouts r
          cross join lateral (
            select at, stage, assessment from samples
            where rollout_id = r.id and t > 0 order by t desc limit 1
          ) s
          where r.ended_at is null and jsonb_typeof(s.assessment::jsonb) = 'object'`),
      );
      return rows.map(({ ln_e, threshold, ...row }) => ({
        ...row,
        at: Math.round(row.at),
        lnE: ln_e ?? 0,
        threshold: threshold ?? 0,
      }));
    },
  };
}
