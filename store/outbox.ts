import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Database, Queries } from './connection.ts';
import { outbox } from './schema.ts';
import type { Outbox, OutboxFilter, OutboxRow } from './store.ts';

/** Messages in PostgreSQL, written in the transaction of their journal entry; see `Outbox`. */
export function createOutbox(database: Database): Outbox {
  return {
    take: (limit, leaseMs, filter) =>
      database.transaction((queries) => take(queries, { limit, leaseMs, filter })),

    async sent(id) {
      await database.run((queries) =>
        queries.update(outbox).set({ sentAt: now, leasedUntil: null, error: null }).where(waiting(id)),
      );
    },

    async failed(id, error, retryInMs) {
      await database.run((queries) =>
        queries
          .update(outbox)
          .set({ attempts: sql`${outbox.attempts} + 1`, error, leasedUntil: null, dueAt: later(retryInMs) })
          .where(waiting(id)),
      );
    },

    stuck: (id, reportTo) => database.transaction((queries) => stuck(queries, id, reportTo)),

    async of(rolloutId) {
      const rows = await database.run((queries) =>
        queries
          .select()
          .from(outbox)
          .where(eq(outbox.rolloutId, rolloutId))
          .orderBy(asc(outbox.seq), asc(outbox.turn), asc(outbox.id)),
      );
      return rows.map(({ notification, sentAt, attempts, error }) => ({
        notification,
        state: sentAt === null ? 'waiting' : 'sent',
        sentAt,
        attempts,
        error,
      }));
    },
  };
}

const now = sql`now()`;

function later(milliseconds: number) {
  return sql`now() + ${milliseconds} * interval '1 millisecond'`;
}

function waiting(id: number) {
  return and(eq(outbox.id, id), isNull(outbox.sentAt));
}

/**
 * Two senders at once take different messages: a row that another has locked is passed over. As an array the
 * selection runs exactly once; a planner may run `in (...)` repeatedly and lock more than `limit`.
 */
async function take(
  queries: Queries,
  { limit, leaseMs, filter }: { limit: number; leaseMs: number; filter: OutboxFilter | undefined },
): Promise<OutboxRow[]> {
  const due = sql`
    select o.id from outbox o
    where o.sent_at is null and o.due_at <= now() and (o.leased_until is null or o.leased_until < now())
      and ${channels(filter)}
      and not exists (
        select 1 from outbox earlier
        where earlier.rollout_id = o.rollout_id and earlier.channel = o.channel
          and (earlier.seq, earlier.turn) < (o.seq, o.turn)
          and earlier.sent_at is null and not earlier.stuck)
    order by o.due_at, o.id
    limit ${limit}
    for update of o skip locked`;
  const rows = await queries
    .update(outbox)
    .set({ leasedUntil: later(leaseMs), taken: sql`${outbox.taken} + 1` })
    .where(sql`${outbox.id} = any(array(${due}))`)
    .returning({
      id: outbox.id,
      notification: outbox.notification,
      attempts: outbox.attempts,
      taken: outbox.taken,
    });
  return rows.sort((a, b) => a.id - b.id).map(({ taken, ...row }) => ({ ...row, repeated: taken > 1 }));
}

function channels(filter: OutboxFilter | undefined) {
  if (filter === undefined) return sql`true`;
  if ('channel' in filter) return sql`o.channel = ${filter.channel}`;
  return sql`o.channel <> all(${sql.param([...filter.except])}::text[])`;
}

async function stuck(queries: Queries, id: number, reportTo: string | null): Promise<boolean> {
  const [row] = await queries
    .update(outbox)
    .set({ stuck: true })
    .where(and(waiting(id), eq(outbox.stuck, false)))
    .returning();
  if (row === undefined) return false;
  if (reportTo === null) return true;
  const { rolloutId, seq, turn, channel } = row;
  const notification = { ...row.notification, channel: reportTo, undelivered: channel };
  await queries
    .insert(outbox)
    .values({ rolloutId, seq, turn, channel: reportTo, about: channel, notification })
    .onConflictDoNothing();
  return true;
}
