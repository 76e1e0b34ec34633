import { eq, sql } from 'drizzle-orm';
import type { Announced, AnnouncementTurn } from '../plans/announcement.ts';
import type { Database } from './connection.ts';
import { announcements, rollouts } from './schema.ts';
import { addMessages } from './side-messages.ts';

/** What people are told of stages before they open. Errors: `POSTGRES_UNREACHABLE`. */
export interface Announcements {
  /** Rollouts that have a stage to announce, or have announced one that is not open yet. */
  open(): Promise<string[]>;
  /** Has `decide` say what is to be written, and writes it in the same transaction. One sender at a time. */
  attend(
    rolloutId: string,
    decide: (announced: Announced | null) => AnnouncementTurn,
  ): Promise<AnnouncementTurn>;
}

export function createAnnouncements(database: Database): Announcements {
  return {
    async open() {
      const { rows } = await database.run((queries) =>
        queries.execute<{ id: string }>(sql`
          select ${rollouts.id} from ${rollouts}
          where ${rollouts.endedAt} is null
            and jsonb_path_exists(${rollouts.plan}, '$.notify[*].events[*] ? (@ == "upcoming")')
          union select ${announcements.rolloutId} from ${announcements}`),
      );
      return rows.map(({ id }) => id);
    },

    attend: (rolloutId, decide) =>
      database.transaction(async (queries) => {
        const [rollout] = await queries
          .select({ seq: rollouts.viewSeq })
          .from(rollouts)
          .where(eq(rollouts.id, rolloutId))
          .for('update');
        const [row] = await queries
          .select()
          .from(announcements)
          .where(eq(announcements.rolloutId, rolloutId));
        const before = row?.announced ?? null;
        const turn = decide(before);
        await addMessages(queries, turn.notifications, {
          seq: Math.max(1, rollout?.seq ?? 0),
          replacing: ['upcoming'],
        });
        const { announced } = turn;
        if (announced === null)
          await queries.delete(announcements).where(eq(announcements.rolloutId, rolloutId));
        else
          await queries
            .insert(announcements)
            .values({ rolloutId, announced })
            .onConflictDoUpdate({ target: announcements.rolloutId, set: { announced } });
        return turn;
      }),
  };
}
