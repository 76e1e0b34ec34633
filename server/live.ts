import type { Assessment } from '../plans/assessment.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { Sample } from '../plans/sample.ts';
import type { RolloutView } from '../plans/view.ts';
import { forecast, type Known } from '../rollout/forecast.ts';
import type { RolloutRow, RolloutStore, SampleRow } from '../store/store.ts';
import type { ExposureLease, Live, LiveEvent } from './api.ts';
import type { ServerDeps } from './deps.ts';

export async function rolloutRow(deps: Pick<ServerDeps, 'rollouts'>, id: string): Promise<RolloutRow> {
  const row = await deps.rollouts.get(id);
  if (row === null) throw new Failure('ROLLOUT_UNKNOWN', `There is no rollout ${id}.`);
  return row;
}

/** The store keeps the plan as the JSON of what `plans/parse.ts` gave; its durations are numbers already. */
export function planOf(row: Pick<RolloutRow, 'plan'>): Plan {
  return row.plan as Plan;
}

/** The view of a row; before the workflow has written its first one, what the row itself says. */
export function viewOf(row: Omit<RolloutRow, 'text'>): RolloutView {
  if (row.view !== null) return row.view;
  const plan = planOf(row);
  return {
    id: row.id,
    name: row.name,
    title: plan.metadata.title ?? null,
    owner: plan.metadata.owner ?? null,
    service: row.service,
    environment: row.environment,
    flag: row.flag,
    ...(plan.metadata.build === undefined ? {} : { build: plan.metadata.build }),
    phase: row.phase,
    stage: null,
    stages: plan.stages.map((stage) => ({ name: stage.name, percent: stage.percent ?? 0, state: 'ahead' })),
    exposure: NO_EXPOSURE,
    safeExposure: NO_EXPOSURE,
    flagRevision: null,
    epoch: 0,
    planRevision: 1,
    submittedBy: row.submittedBy,
    submittedAt: row.submittedAt,
    stageSince: null,
    endedAt: row.endedAt,
    blockers: [],
    next: 'waits for a worker to take it up',
    pause: null,
    stop: null,
    ...(plan.mode === 'observe' ? { watching: { would: null } } : {}),
    seq: 0,
  };
}

/** The store keeps samples as plain JSON that the gate wrote in this shape. */
function liveOf(row: SampleRow | null, plan: Plan): Live | null {
  if (row === null) return null;
  return {
    at: row.at,
    sample: row.sample as Sample | null,
    assessment: row.assessment as Assessment | null,
    kinds: Object.fromEntries(plan.metrics.map(({ name, kind }) => [name, kind])),
  };
}

/** The lease of the exposure in force, while this rollout owns the flag. */
export function leaseOf(
  { flagService }: Pick<ServerDeps, 'flagService'>,
  { id, environment, flag: key }: Pick<RolloutRow, 'id' | 'environment' | 'flag'>,
): ExposureLease | null {
  const state = flagService.definition({ environment, key });
  return state?.rolloutId === id ? (state.lease ?? null) : null;
}

export async function liveEvent(deps: ServerDeps, id: string): Promise<LiveEvent> {
  return liveEventOf(deps, await rolloutRow(deps, id));
}

/** What a forecast of it goes by. */
export async function knownOf(
  { rollouts, now }: { rollouts: Pick<RolloutStore, 'latestSample'>; now: () => number },
  row: RolloutRow,
): Promise<Known> {
  const plan = planOf(row);
  const live = liveOf(await rollouts.latestSample(row.id), plan);
  const { sample = null, assessment = null } = live ?? {};
  return { plan, view: viewOf(row), sample, assessment, now: now() };
}

export async function liveEventOf(
  deps: Pick<ServerDeps, 'rollouts' | 'now'>,
  row: RolloutRow,
): Promise<LiveEvent> {
  const plan = planOf(row);
  const view = viewOf(row);
  const live = liveOf(await deps.rollouts.latestSample(row.id), plan);
  const { sample = null, assessment = null } = live ?? {};
  return { view, live, forecast: forecast({ plan, view, sample, assessment, now: deps.now() }) };
}
