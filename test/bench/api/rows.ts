import { sql } from 'drizzle-orm';
import { openDatabase } from '../../../store/connection.ts';
import { journal, rollouts } from '../../../store/schema.ts';
import { exampleView } from '../../fixtures/rollout-view.ts';

export function line(rolloutId: string, seq: number, summary: string) {
  return {
    rolloutId,
    seq,
    at: Date.now(),
    transition: 'note' as const,
    stage: '5%',
    cause: { kind: 'policy' as const, reason: 'bench' },
    summary,
    exposure: { percent: 5, segments: [], variant: null },
    flagBefore: null,
    flagAfter: null,
    evidence: null,
    queries: [],
  };
}

/** One in fifty is active, and one in ten of those waits for somebody. */
export async function fill(url: string, count: number): Promise<void> {
  const database = openDatabase(url);
  const began = Date.now() - count * 60_000;
  for (let from = 0; from < count; from += 500) {
    const rows = Array.from({ length: Math.min(500, count - from) }, (_, i) => row(from + i, began));
    await database.run((queries) => queries.insert(rollouts).values(rows));
    const lines = rows.flatMap(({ id }) =>
      Array.from({ length: 9 }, (_, i) => line(id, i + 1, `line ${i + 1}`)),
    );
    await database.run((queries) =>
      queries.insert(journal).values(
        lines.map((entry) => ({
          rolloutId: entry.rolloutId,
          seq: entry.seq,
          at: entry.at,
          transition: entry.transition,
          entry,
        })),
      ),
    );
  }
  // As a database that has been there for longer: its planner knows what it holds.
  await database.run((queries) => queries.execute(sql`vacuum analyze`));
  await database.close();
}

function row(i: number, began: number) {
  const active = i % 50 === 0;
  const own = {
    id: `r${i}-1`,
    name: `r${i}`,
    flag: `flag-${i}`,
    environment: 'production',
    service: `service-${i % 40}`,
  };
  const asking = { kind: 'approval', text: 'waits', until: null, roles: ['on-call'] } as const;
  const view = exampleView({
    ...own,
    submittedAt: began + i * 60_000,
    ...(active ? {} : { phase: 'completed', endedAt: began + i * 60_000 + 1 }),
    ...(i % 500 === 0 ? { blockers: [{ ...asking, roles: ['on-call'] }] } : {}),
  });
  return {
    ...own,
    text: 'plan',
    plan: { metadata: { name: own.name, title: `Rollout ${i}` }, stages: [], metrics: [] },
    phase: view.phase,
    submittedBy: 'ada',
    submittedAt: view.submittedAt,
    endedAt: view.endedAt,
    view,
    viewSeq: 9,
  };
}
