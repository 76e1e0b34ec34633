import { and, asc, eq, gte } from 'drizzle-orm';
import { incidentOf } from '../plans/incident.ts';
import { hasCadence, type IncidentNow, type IncidentTurn, NOTHING_TOLD } from '../plans/incident-cadence.ts';
import type { JournalEntry } from '../plans/journal.ts';
import { notificationsFor } from '../plans/notification.ts';
import type { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import { addAfterword } from './afterword.ts';
import type { Database, Queries } from './connection.ts';
import { flags, incidents, journal, outbox, rollouts } from './schema.ts';
import { addMessages } from './side-messages.ts';

/** Incidents of which somebody is kept informed. Errors: `POSTGRES_UNREACHABLE`. */
export interface Incidents {
  /** The rollouts whose incident is not over, or of which not all was told yet. */
  unfinished(): Promise<string[]>;
  /** Null: it has none. */
  of(rolloutId: string): Promise<IncidentNow | null>;
  /**
   * Has `decide` say what is to be written, and writes it in the same transaction: the messages, the line that closes it, and what
   * was told. One sender at a time; null: another one has it, or there is none.
   */
  attend(
    rolloutId: string,
    now: number,
    decide: (incident: IncidentNow) => IncidentTurn,
  ): Promise<IncidentTurn | null>;
}

/** Within the caller's transaction: keeps the incident that one of the lines opens, where the plan has people informed. */
export async function openIncident(
  queries: Queries,
  { entries, view, plan }: { entries: readonly JournalEntry[]; view: RolloutView; plan: unknown },
): Promise<void> {
  const opened = entries.find((entry) => incidentOf(entry, view) !== null);
  if (opened === undefined || !hasCadence({ notify: (plan as Partial<Plan>).notify ?? [] })) return;
  await queries
    .insert(incidents)
    .values({ rolloutId: view.id, seq: opened.seq, openedAt: opened.at, told: NOTHING_TOLD })
    .onConflictDoNothing();
}

export function createIncidents(database: Database): Incidents {
  return {
    async unfinished() {
      const rows = await database.run((queries) =>
        queries.select({ id: incidents.rolloutId }).from(incidents).where(eq(incidents.done, false)),
      );
      return rows.map(({ id }) => id);
    },

    of: (rolloutId) => database.run((queries) => read(queries, rolloutId)),

    attend: (rolloutId, now, decide) =>
      database.transaction(async (queries) => {
        // Whoever writes a step of the rollout waits for this, and this for them.
        await queries
          .select({ id: rollouts.id })
          .from(rollouts)
          .where(eq(rollouts.id, rolloutId))
          .for('update');
        const incident = await read(queries, rolloutId, { done: false });
        if (incident === null) return null;
        const turn = decide(incident);
        await write(queries, { incident, turn, now });
        return turn;
      }),
  };
}

async function read(
  queries: Queries,
  rolloutId: string,
  { done }: { done?: boolean } = {},
): Promise<IncidentNow | null> {
  const [row] = await queries
    .select({ incident: incidents, view: rollouts.view, plan: rollouts.plan })
    .from(incidents)
    .innerJoin(rollouts, eq(rollouts.id, incidents.rolloutId))
    .where(
      and(eq(incidents.rolloutId, rolloutId), done === undefined ? undefined : eq(incidents.done, done)),
    );
  const view = row?.view ?? null;
  if (row === undefined || view === null) return null;
  const { seq, openedAt, told, closedAt } = row.incident;
  const lines = await queries
    .select({ entry: journal.entry })
    .from(journal)
    .where(and(eq(journal.rolloutId, rolloutId), gte(journal.seq, seq)))
    .orderBy(asc(journal.seq));
  const [flag] = await queries
    .select({ exposure: flags.exposure, rollout: flags.rolloutId, latch: flags.latch })
    .from(flags)
    .where(and(eq(flags.environment, view.environment), eq(flags.key, view.flag)));
  return {
    view,
    plan: row.plan as Plan,
    lines: lines.map(({ entry }) => entry),
    flag: flag ?? null,
    openedAt,
    told,
    closedAt,
  };
}

async function write(
  queries: Queries,
  { incident, turn, now }: { incident: IncidentNow; turn: IncidentTurn; now: number },
): Promise<void> {
  const { view, plan } = incident;
  const { close, notifications, done } = turn;
  const rolloutId = view.id;
  let seq = Math.max(view.seq, incident.lines.at(-1)?.seq ?? 0);
  if (close !== null) {
    const line = { rolloutId, at: now, transition: 'incident-closed' as const, ...close };
    const added = await addAfterword(queries, line);
    if (added !== null) {
      seq = added.entry.seq;
      const rows = notificationsFor(added.entry, added.view, plan).map((notification) => {
        const { channel } = notification;
        return { rolloutId, seq, channel, notification };
      });
      if (rows.length > 0) await queries.insert(outbox).values(rows);
    }
  }
  await addMessages(queries, notifications, { seq, replacing: ['incident-update'] });
  if (close === null && !done && notifications.length === 0) return;
  await queries
    .update(incidents)
    .set({ told: turn.told, done, ...(close === null ? {} : { closedAt: now }) })
    .where(eq(incidents.rolloutId, rolloutId));
}
