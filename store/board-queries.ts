import { and, asc, desc, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { Scope } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry, Transition } from '../plans/journal.ts';
import { PHASES, type Phase } from '../plans/view.ts';
import type {
  Board,
  BoardCounts,
  BoardFilter,
  BoardRow,
  BoardText,
  ChannelState,
  WindowedRow,
} from './board.ts';
import { storable } from './columns.ts';
import type { Database, Queries } from './connection.ts';
import { journal, rollouts } from './schema.ts';

/** Lists over all rollouts in PostgreSQL; see `Board`. */
export function createBoard(database: Database): Board {
  return {
    page: (filter, page) => database.run((queries) => pageOf(queries, filter, page)),
    texts: (filter, page) => database.run((queries) => textsOf(queries, filter, page)),
    counts: (filter) => database.run((queries) => countsOf(queries, filter)),
    lines: (ids, transitions) => database.run((queries) => linesOf(queries, ids, transitions)),
    windows: (scopes) => database.run((queries) => windowsOf(queries, scopes)),
    channels: (names) => database.run((queries) => channelsOf(queries, names)),
  };
}

/** Microseconds since 1970, as exact as PostgreSQL keeps them: two rows of one millisecond have an order. */
const MICROS = sql<string>`(extract(epoch from ${rollouts.submittedAt}) * 1000000)::bigint`;

async function textsOf(
  queries: Queries,
  filter: BoardFilter,
  { limit, after }: { limit: number; after?: string },
): Promise<BoardText[]> {
  const found = await queries
    .select({ id: rollouts.id, micros: MICROS, view: sql<string | null>`${rollouts.view}::text` })
    .from(rollouts)
    .where(and(condition(filter), after === undefined ? undefined : beyond(after)))
    .orderBy(desc(rollouts.submittedAt), desc(rollouts.id))
    .limit(limit);
  const fresh = found.flatMap(({ id, view }) => (view === null ? [id] : []));
  const rows = fresh.length === 0 ? [] : await rowsOf(queries, inArray(rollouts.id, fresh), { limit });
  return found.map(({ id, micros, view }) => {
    const row = rows.find((one) => one.id === id) ?? null;
    return { view, row, cursor: cursorOf(micros, id) };
  });
}

function pageOf(
  queries: Queries,
  filter: BoardFilter,
  { after, ...page }: { limit: number; after?: string; plans?: boolean },
): Promise<BoardRow[]> {
  return rowsOf(queries, and(condition(filter), after === undefined ? undefined : beyond(after)), page);
}

async function rowsOf(
  queries: Queries,
  where: SQL | undefined,
  { limit, plans = false }: { limit: number; plans?: boolean },
): Promise<BoardRow[]> {
  const rows = await queries
    .select({
      id: rollouts.id,
      name: rollouts.name,
      flag: rollouts.flag,
      environment: rollouts.environment,
      service: rollouts.service,
      plan: plans ? rollouts.plan : sql`case when ${rollouts.view} is null then ${rollouts.plan} end`,
      phase: rollouts.phase,
      submittedBy: rollouts.submittedBy,
      submittedAt: rollouts.submittedAt,
      endedAt: rollouts.endedAt,
      view: rollouts.view,
      micros: MICROS,
    })
    .from(rollouts)
    .where(where)
    .orderBy(desc(rollouts.submittedAt), desc(rollouts.id))
    .limit(limit);
  return rows.map(({ micros, ...row }) => ({ ...row, cursor: cursorOf(micros, row.id) }));
}

function cursorOf(micros: string, id: string): string {
  return Buffer.from(`${micros} ${id}`).toString('base64url');
}

const CURSOR = /^(?<micros>-?\d{1,17}) (?<id>.{1,500})$/;

function beyond(cursor: string): SQL {
  const parts = CURSOR.exec(Buffer.from(cursor, 'base64url').toString())?.groups;
  if (parts === undefined) throw new Failure('USAGE', 'The cursor is none that a page of this list gave.');
  const at = sql`timestamptz 'epoch' + ${Number(parts['micros'])}::double precision * interval '1 microsecond'`;
  return sql`(${rollouts.submittedAt}, ${rollouts.id}) < (${at}, ${storable(parts['id'] ?? '')})`;
}

function condition(filter: BoardFilter): SQL | undefined {
  const { environment, flag, service, phases, words, asks, scopes } = filter;
  return and(
    environment === undefined ? undefined : eq(rollouts.environment, environment),
    flag === undefined ? undefined : eq(rollouts.flag, flag),
    service === undefined ? undefined : eq(rollouts.service, service),
    phases === undefined ? undefined : inArray(rollouts.phase, [...phases]),
    asks === true ? sql`${rollouts.asks}` : undefined,
    ...(words ?? []).map(holds),
    within(scopes),
  );
}

/** By the index of what stands in threes; two letters alone are looked for in every row. */
function holds(given: string): SQL {
  const word = storable(given.toLowerCase());
  const letters = Array.from(word);
  const threes = letters.slice(2).map((_, i) => letters.slice(i, i + 3).join(''));
  const found = sql`position(${word} in ${rollouts.search}) > 0`;
  if (threes.length === 0) return found;
  return sql`(tidegate_trigrams(${rollouts.search}) @> ${sql.param([...new Set(threes)])}::text[] and ${found})`;
}

function within(scopes: readonly Scope[]): SQL | undefined {
  return scopes.length === 0
    ? sql`false`
    : or(
        ...scopes.map(
          ({ environments, flags }) =>
            and(
              environments === undefined ? undefined : inArray(rollouts.environment, environments),
              flags === undefined ? undefined : inArray(rollouts.flag, flags),
            ) ?? sql`true`,
        ),
      );
}

async function countsOf(queries: Queries, filter: BoardFilter): Promise<BoardCounts> {
  const rows = await queries
    .select({
      phase: rollouts.phase,
      count: sql<number>`count(*)::int`,
      asks: sql<number>`(count(*) filter (where ${rollouts.asks}))::int`,
    })
    .from(rollouts)
    .where(condition(filter))
    .groupBy(rollouts.phase);
  const of = (phase: Phase) => rows.find((row) => row.phase === phase)?.count ?? 0;
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    phases: Object.fromEntries(PHASES.map((phase) => [phase, of(phase)])) as Record<Phase, number>,
    asks: rows.reduce((sum, row) => sum + row.asks, 0),
  };
}

async function linesOf(
  queries: Queries,
  ids: readonly string[],
  transitions: readonly Transition[],
): Promise<Map<string, JournalEntry[]>> {
  const found = new Map<string, JournalEntry[]>(ids.map((id) => [id, []]));
  if (ids.length === 0) return found;
  const rows = await queries
    .select({ rolloutId: journal.rolloutId, entry: journal.entry })
    .from(journal)
    .where(and(inArray(journal.rolloutId, [...ids]), inArray(journal.transition, [...transitions])))
    .orderBy(asc(journal.rolloutId), asc(journal.seq));
  for (const { rolloutId, entry } of rows) found.get(rolloutId)?.push(entry);
  return found;
}

async function windowsOf(queries: Queries, scopes: readonly Scope[]): Promise<WindowedRow[]> {
  return queries
    .select({
      id: rollouts.id,
      flag: rollouts.flag,
      environment: rollouts.environment,
      plan: sql<WindowedRow['plan']>`${rollouts.plan}`,
      view: rollouts.view,
    })
    .from(rollouts)
    .where(
      and(
        isNull(rollouts.endedAt),
        sql`(${rollouts.plan} ? 'windows' or jsonb_path_exists(${rollouts.plan}, '$.stages[*].windows'))`,
        within(scopes),
      ),
    )
    .orderBy(desc(rollouts.submittedAt), desc(rollouts.id));
}

/** One short look per channel into the indexes of what is due and of what was sent. */
async function channelsOf(queries: Queries, names: readonly string[]): Promise<ChannelState[]> {
  const { rows } = await queries.execute<{
    name: string;
    last_sent: string | null;
    waiting: number;
    failing_since: string | null;
    error: string | null;
  }>(sql`
    select c.name, sent.last_sent, due.waiting, due.failing_since, due.error
    from unnest(${sql.param(names.map(storable))}::text[]) with ordinality as c(name, place)
    cross join lateral (
      select (extract(epoch from max(o.sent_at)) * 1000)::bigint as last_sent
      from outbox o where o.channel = c.name and o.sent_at is not null
    ) sent
    cross join lateral (
      select count(*)::int as waiting,
        min(floor((o.notification->>'at')::numeric)::bigint) filter (where o.attempts > 0) as failing_since,
        (array_agg(o.error order by o.id desc) filter (where o.error is not null))[1] as error
      from outbox o where o.channel = c.name and o.sent_at is null
    ) due
    order by c.place`);
  return rows.map(({ name, last_sent, waiting, failing_since, error }) => ({
    name,
    lastSent: last_sent === null ? null : Number(last_sent),
    waiting,
    failingSince: failing_since === null ? null : Number(failing_since),
    error,
  }));
}
