import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { Notification } from '../plans/journal.ts';
import type { Queries } from './connection.ts';
import { outbox } from './schema.ts';

/**
 * Writes messages that stand for no line of the journal, behind what `seq` was the last line of. The caller holds the rollout's
 * row, so that no two get one number. A message of a kind that only says how things stand takes the place of the one before it
 * that nobody has taken yet: after a channel was away its readers hear how things stand now, once.
 */
export async function addMessages(
  queries: Queries,
  notifications: readonly Notification[],
  { seq, replacing }: { seq: number; replacing: readonly Notification['event'][] },
): Promise<void> {
  const [first] = notifications;
  if (first === undefined) return;
  const [last] = await queries
    .select({ turn: sql<number>`coalesce(max(${outbox.turn}), 0)::integer` })
    .from(outbox)
    .where(and(eq(outbox.rolloutId, first.rolloutId), eq(outbox.seq, seq)));
  let turn = last?.turn ?? 0;
  for (const message of notifications) {
    turn += 1;
    const { rolloutId, channel, event } = message;
    const waited = replacing.includes(event) ? await withdraw(queries, message) : {};
    const notification = { ...message, seq, turn };
    await queries.insert(outbox).values({ rolloutId, seq, turn, channel, notification, ...waited });
  }
}

/** The refusals of a message that is replaced count for the one in its place: the channel is still the same. */
async function withdraw(queries: Queries, { rolloutId, channel, event }: Notification) {
  const rows = await queries
    .delete(outbox)
    .where(
      and(
        eq(outbox.rolloutId, rolloutId),
        eq(outbox.channel, channel),
        eq(outbox.about, ''),
        isNull(outbox.sentAt),
        sql`${outbox.notification}->>'event' = ${event}`,
        or(isNull(outbox.leasedUntil), lt(outbox.leasedUntil, sql`now()`)),
      ),
    )
    .returning();
  const [worst] = rows.toSorted((a, b) => b.attempts - a.attempts);
  if (worst === undefined) return {};
  const { attempts, error, dueAt, stuck } = worst;
  return { attempts, error, dueAt, stuck };
}
