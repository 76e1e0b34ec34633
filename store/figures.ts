import { sql } from 'drizzle-orm';
import type { Transition } from '../plans/journal.ts';
import { MARKED } from '../plans/marks.ts';
import type { Plan } from '../plans/plan.ts';
import type { Phase } from '../plans/view.ts';
import type { Database, Queries } from './connection.ts';

/** A rollout that has not ended, in numbers. Times are seconds. */
export interface ActiveFigures {
  id: string;
  flag: string;
  environment: string;
  service: string | null;
  phase: Phase;
  stage: string | null;
  /** Place of the stage in the plan; -1 before the first. */
  stageIndex: number;
  percent: number;
  stageSeconds: number | null;
  paused: boolean;
  waitsForApproval: boolean;
  /** ln of the evidence against the canary over that which stops it; null: nothing was judged yet. */
  evidence: number | null;
  /** Since the last window that was read; null: none was. */
  sampleSeconds: number | null;
  /** What the plan in force says of metrics, with the present stage alone. */
  plan: Pick<Plan, 'metrics' | 'stages'>;
  /** Differences that people have accepted in place of soft margins, by metric. */
  accepted: Record<string, number>;
}

/** A line of a journal that charts mark, of the last hour. `at` in seconds since 1970. */
export interface MarkFigures {
  id: string;
  flag: string;
  environment: string;
  service: string | null;
  transition: Transition;
  stage: string | null;
  seq: number;
  at: number;
}

export interface EndedFigures {
  environment: string;
  phase: Phase;
  /** The transition that stopped it; null: nothing did. */
  stop: string | null;
  rollouts: number;
}

export interface ChannelFigures {
  channel: string;
  waiting: number;
  /** Of those, how many were refused so often that another channel was told. */
  stuck: number;
  oldestSeconds: number;
  sent: number;
  refused: number;
}

/** What there is to count and to watch, of all servers and workers together. */
export interface Figures {
  active: ActiveFigures[];
  /** Of rollouts that have ended within the hour too: their end is what is looked for. */
  marks: MarkFigures[];
  ended: EndedFigures[];
  /** Seconds from the decision to stop to the flag read back, of each rollback of the last 90 days. */
  rollbackSeconds: number[];
  channels: ChannelFigures[];
}

/** Read at one moment, in one statement each. @throws Failure DATABASE_UNREACHABLE */
export function createFigures(database: Database): { read(): Promise<Figures> } {
  return {
    read: () =>
      database.run(async (queries) => ({
        active: await active(queries),
        marks: await marks(queries),
        ended: await ended(queries),
        rollbackSeconds: await rollbackSeconds(queries),
        channels: await channels(queries),
      })),
  };
}

async function active(queries: Queries): Promise<ActiveFigures[]> {
  const { rows } = await queries.execute<Record<keyof ActiveFigures, unknown>>(sql`
    select r.id, r.flag, r.environment, r.service, r.phase,
      r.view->>'stage' as "stage",
      coalesce((select min(s.place) - 1 from jsonb_array_elements(r.view->'stages') with ordinality s(item, place)
        where s.item->>'state' = 'now'), -1)::int as "stageIndex",
      coalesce((r.view->'exposure'->>'percent')::float8, 0) as "percent",
      extract(epoch from now())::float8 - (r.view->>'stageSince')::float8 / 1000 as "stageSeconds",
      coalesce(jsonb_typeof(r.view->'pause') = 'object', false) as "paused",
      coalesce(jsonb_path_exists(r.view,
        '$.blockers[*] ? (@.kind == "approval" || @.kind == "start-approval" || @.kind == "confirmation" || @.kind == "point-of-no-return")'), false)
        as "waitsForApproval",
      (l.assessment->>'lnE')::float8 / nullif((l.assessment->>'threshold')::float8, 0) as "evidence",
      extract(epoch from now() - l.at)::float8 as "sampleSeconds",
      jsonb_build_object(
        'metrics', r.plan->'metrics',
        'stages', coalesce((select jsonb_agg(p.item)
          from jsonb_array_elements(r.plan->'stages') p(item) where p.item->>'name' = r.view->>'stage'), '[]')
      ) as "plan",
      (select coalesce(jsonb_object_agg(a.key, a.value order by j.seq), '{}') from journal j,
        jsonb_each(j.entry->'accepted') a where j.rollout_id = r.id and j.transition = 'accepted') as "accepted"
    from rollouts r
    left join lateral
      (select at, assessment from samples where rollout_id = r.id order by t desc limit 1) l on true
    where r.ended_at is null
    order by r.id`);
  return rows as unknown as ActiveFigures[];
}

async function marks(queries: Queries): Promise<MarkFigures[]> {
  const { rows } = await queries.execute(sql`
    select r.id, r.flag, r.environment, r.service, j.transition, j.entry->>'stage' as "stage", j.seq,
      extract(epoch from j.at)::float8 as "at"
    from rollouts r join journal j on j.rollout_id = r.id
    where (r.ended_at is null or r.ended_at > now() - interval '1 hour') and j.at > now() - interval '1 hour'
      and j.transition in ${[...MARKED]}
    order by r.id, j.seq`);
  return rows as unknown as MarkFigures[];
}

async function ended(queries: Queries): Promise<EndedFigures[]> {
  const { rows } = await queries.execute(sql`
    select environment, phase, view->'stop'->>'transition' as stop, count(*)::int as rollouts
    from rollouts where ended_at is not null group by 1, 2, 3`);
  return rows as unknown as EndedFigures[];
}

async function rollbackSeconds(queries: Queries): Promise<number[]> {
  const { rows } = await queries.execute<{ seconds: number }>(sql`
    select extract(epoch from ended_at)::float8 - (view->'stop'->>'at')::float8 / 1000 as seconds
    from rollouts
    where phase = 'rolled-back' and ended_at > now() - interval '90 days'
      and jsonb_typeof(view->'stop') = 'object'`);
  return rows.map(({ seconds }) => Math.max(0, seconds));
}

async function channels(queries: Queries): Promise<ChannelFigures[]> {
  const { rows } = await queries.execute(sql`
    select channel,
      count(*) filter (where sent_at is null)::int as "waiting",
      count(*) filter (where sent_at is null and stuck)::int as "stuck",
      coalesce(extract(epoch from now() - min(j.at) filter (where sent_at is null)), 0)::float8 as "oldestSeconds",
      count(sent_at)::int as "sent",
      coalesce(sum(attempts), 0)::int as "refused"
    from outbox o join journal j on j.rollout_id = o.rollout_id and j.seq = o.seq
    group by channel`);
  return rows as unknown as ChannelFigures[];
}
