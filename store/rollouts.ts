import { and, asc, desc, eq, getTableColumns, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import { Failure } from '../plans/failures.ts';
import type { JournalEntry } from '../plans/journal.ts';
import { addAfterword } from './afterword.ts';
import { announceRollout, announceSamples } from './changes.ts';
import type { Database, Queries } from './connection.ts';
import { isUniqueViolation } from './connection-errors.ts';
import { oneAtATime } from './locks.ts';
import { amend, revisionsOf } from './plan-revisions.ts';
import { proposals, propose, withdraw } from './proposals.ts';
import { recordStep } from './record.ts';
import { latestSample, sampleMark, samplePage, saveSamples } from './samples.ts';
import { carriedEvidence, journal, ONE_ACTIVE, planRevisions, rolloutNumbers, rollouts } from './schema.ts';
import type { Admission, NewRollout, RolloutFilter, RolloutRow, RolloutStore, Standing } from './store.ts';

const DEFAULT_LIMIT = 1000;
/** The active rollout may end between the refusal and the look at who it is. */
const CREATE_ATTEMPTS = 3;

/** Rollouts in PostgreSQL; see `RolloutStore`. */
export function createRolloutStore(database: Database): RolloutStore {
  return {
    create: (rollout, admit) => create(database, rollout, admit),

    async discard(id) {
      // A rollout that has recorded a step does run, whatever its starter believes.
      await database.transaction(async (queries) => {
        await queries.delete(rollouts).where(and(eq(rollouts.id, id), isNull(rollouts.view)));
        await announceRollout(queries, id);
      });
    },

    async get(id) {
      const [row] = await database.run((queries) =>
        queries.select(columns).from(rollouts).where(eq(rollouts.id, id)),
      );
      return row ?? null;
    },

    list: (filter) => database.run((queries) => list(queries, filter)),

    async afterword(line) {
      await database.transaction((queries) => addAfterword(queries, line));
    },

    record: (record) => database.transaction((queries) => recordStep(queries, record)),

    journal: (id) => database.run((queries) => journalOf(queries, id)),
    journalPage: (id, page) => database.run((queries) => journalOf(queries, id, page)),

    saveSamples: (rows) =>
      database.transaction(async (queries) => {
        await saveSamples(queries, rows);
        await announceSamples(queries, rows);
      }),
    samplePage: (id, page) => database.run((queries) => samplePage(queries, id, page)),
    sampleMark: (id, until) => database.run((queries) => sampleMark(queries, id, until)),
    latestSample: (id) => database.run((queries) => latestSample(queries, id)),

    carried: (id) => database.run((queries) => carriedOf(queries, id)),

    propose: (rolloutId, plan, admit) =>
      database.transaction((queries) =>
        propose(queries, { rolloutId, plan }, { admit, others: standing(queries) }),
      ),
    withdraw: (mark) => database.run((queries) => withdraw(queries, mark)),
    proposals: () => database.run(proposals),
    amend: (revision) => database.transaction((queries) => amend(queries, revision)),
    planRevisions: (id) => database.run((queries) => revisionsOf(queries, id)),
  };
}

const { viewSeq: _, search: _search, asks: _asks, ...columns } = getTableColumns(rollouts);

async function journalOf(
  queries: Queries,
  id: string,
  page: { after: number; limit: number } | null = null,
): Promise<JournalEntry[]> {
  const all = queries
    .select({ entry: journal.entry })
    .from(journal)
    .where(and(eq(journal.rolloutId, id), page === null ? undefined : gt(journal.seq, page.after)))
    .orderBy(asc(journal.seq));
  const rows = await (page === null ? all : all.limit(page.limit));
  return rows.map(({ entry }) => entry);
}

/** As of one transaction. */
const standing = (queries: Queries): Standing => ({
  list: (filter) => list(queries, filter),
  proposals: () => proposals(queries),
});

async function create(database: Database, rollout: NewRollout, admit?: Admission): Promise<RolloutRow> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction(async (queries) => {
        if (admit !== undefined) {
          await oneAtATime(queries, 'submits');
          await admit(standing(queries));
        }
        return await insert(queries, rollout);
      });
    } catch (error) {
      if (!isUniqueViolation(error, ONE_ACTIVE)) throw error;
      const active = await database.run((queries) => activeId(queries, rollout));
      if (active !== null || attempt === CREATE_ATTEMPTS) throw rolloutActive(rollout, active);
    }
  }
}

async function insert(queries: Queries, rollout: NewRollout): Promise<RolloutRow> {
  // The row of the number is held until the end, so two creates of one name never see the same one.
  const [number] = await queries
    .insert(rolloutNumbers)
    .values({ name: rollout.name, last: 1 })
    .onConflictDoUpdate({ target: rolloutNumbers.name, set: { last: sql`${rolloutNumbers.last} + 1` } })
    .returning();
  const id = `${rollout.name}-${number?.last ?? 1}`;
  const { name, flag, environment, service, text, plan, submittedBy } = rollout;
  const [row] = await queries
    .insert(rollouts)
    .values({ id, name, flag, environment, service, text, plan, submittedBy, phase: 'submitted' })
    .returning(columns);
  if (row === undefined) throw new Failure('INTERNAL', `Rollout ${id} was not stored.`);
  const { submittedAt: at } = row;
  await queries.insert(planRevisions).values({ rolloutId: id, revision: 1, text, plan, by: submittedBy, at });
  if (rollout.carried !== undefined)
    await queries.insert(carriedEvidence).values({ rolloutId: id, evidence: rollout.carried });
  await announceRollout(queries, id);
  return row;
}

async function carriedOf(queries: Queries, id: string): Promise<unknown> {
  const [found] = await queries.select().from(carriedEvidence).where(eq(carriedEvidence.rolloutId, id));
  return found?.evidence ?? null;
}

async function activeId(queries: Queries, { environment, flag }: NewRollout): Promise<string | null> {
  const [row] = await queries
    .select({ id: rollouts.id })
    .from(rollouts)
    .where(and(eq(rollouts.environment, environment), eq(rollouts.flag, flag), isNull(rollouts.endedAt)));
  return row?.id ?? null;
}

function rolloutActive({ flag, environment }: NewRollout, id: string | null): Failure {
  const message = `Flag ${flag} in ${environment} has an active rollout: ${id ?? 'one that has just ended'}.`;
  return new Failure('ROLLOUT_ACTIVE', message, { details: id === null ? [] : [id] });
}

function list(queries: Queries, filter: RolloutFilter): Promise<RolloutRow[]> {
  const { environment, flag, service, name, phases, before, limit = DEFAULT_LIMIT } = filter;
  return queries
    .select(columns)
    .from(rollouts)
    .where(
      and(
        environment === undefined ? undefined : eq(rollouts.environment, environment),
        flag === undefined ? undefined : eq(rollouts.flag, flag),
        service === undefined ? undefined : eq(rollouts.service, service),
        name === undefined ? undefined : eq(rollouts.name, name),
        before === undefined ? undefined : lt(rollouts.submittedAt, before),
        phases === undefined ? undefined : inArray(rollouts.phase, [...phases]),
      ),
    )
    .orderBy(desc(rollouts.submittedAt), desc(rollouts.id))
    .limit(limit);
}
