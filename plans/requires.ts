import { type Exposure, isNobody } from './exposure.ts';
import type { Plan } from './plan.ts';
import type { Requirement } from './requirement.ts';
import { canaryExposure } from './stages.ts';
import type { Phase, RequirementView, RolloutView } from './view.ts';

/** A requirement and from which stage on it holds, by its index; -1: of the plan at the top, before the first stage. */
export interface PlacedRequirement extends Requirement {
  environment: string;
  at: number;
  /** Place in its list. */
  index: number;
}

/** Everything that a plan requires of other rollouts, those of the top first. */
export function requirementsOf({ requires, stages, environment }: Plan): PlacedRequirement[] {
  const placed = (list: readonly Requirement[] | undefined, at: number): PlacedRequirement[] =>
    (list ?? []).map((one, index) => ({ ...one, environment: one.environment ?? environment, at, index }));
  return [...placed(requires, -1), ...stages.flatMap((stage, at) => placed(stage.requires, at))];
}

/** Another rollout as its plan's name and environment lead to it, as far as a requirement can ask. Plain JSON. */
export interface RequiredSight {
  rollout: string;
  environment: string;
  /** Null: there is none by this name. */
  id: string | null;
  phase: Phase | null;
  stage: string | null;
  /** Stages that it is in or has passed; none where nobody has its canary. */
  entered: string[];
  /** The share that it serves, in percent. */
  percent: number;
  /** Somebody has its canary, or it runs behind others. */
  served: boolean;
  /** The largest share of its plan. */
  top: number;
  /** What stopped it. */
  why: string | null;
}

/** A stored rollout. */
export interface RequiredRow {
  id: string;
  phase: Phase;
  view: RolloutView | null;
  plan: Plan;
}

/** How things stand by the rollouts of one name and environment, the newest first. */
export function sightOf(
  wanted: Pick<RequiredSight, 'rollout' | 'environment'>,
  rows: readonly RequiredRow[],
): RequiredSight {
  const { rollout, environment } = wanted;
  const row = rows.find(({ view }) => view !== null && view.stage !== null) ?? rows[0];
  const nothing = { stage: null, entered: [], percent: 0, served: false, top: 0, why: null };
  if (row === undefined) return { rollout, environment, id: null, phase: null, ...nothing };
  const { id, phase, view } = row;
  if (view === null) return { rollout, environment, id, phase, ...nothing };
  const canary = canaryExposure(row.plan, view.exposure);
  const served = !isNobody(canary);
  return {
    rollout,
    environment,
    id,
    phase,
    stage: view.stage,
    entered: served ? view.stages.filter(({ state }) => state !== 'ahead').map(({ name }) => name) : [],
    percent: shareOf(canary),
    served,
    top: Math.max(0, ...view.stages.map(({ percent }) => percent)),
    why: view.stop === null ? null : stopText(view.stop.cause),
  };
}

/** What only runs behind others is served to nobody. */
function shareOf({ percent, mode }: Exposure): number {
  return mode === undefined ? percent : 0;
}

function stopText(cause: NonNullable<RolloutView['stop']>['cause']): string | null {
  if (cause.kind === 'person')
    return cause.reason === null ? `by ${cause.by}` : `by ${cause.by}: ${cause.reason}`;
  return cause.kind === 'alert' ? `alert ${cause.name}` : cause.reason;
}

/** `undone`: its users were taken back, or are being taken back. `short`: it is not there (any more). */
export type Standing = 'met' | 'short' | 'undone';

export function standingOf({ reached }: Pick<Requirement, 'reached'>, sight: RequiredSight): Standing {
  const { phase, served, percent, entered, top, stage } = sight;
  if (phase === 'reverting' || phase === 'rolled-back') return 'undone';
  const over = phase === 'abandoned' || phase === 'superseded' || phase === 'completed';
  if (over && !served && stage !== null) return 'undone';
  if (reached === 'completed') return phase === 'completed' && served && percent >= top ? 'met' : 'short';
  if (typeof reached === 'object') return entered.includes(reached.stage) ? 'met' : 'short';
  // Shares are hundredths of what people write: 0.07 * 100 is a little more than 7.
  return percent >= reached * 100 - 1e-9 ? 'met' : 'short';
}

/** `25 %`, `stage internal`, `its end`. */
export function reachedText({ reached }: Pick<Requirement, 'reached'>): string {
  if (reached === 'completed') return 'its end';
  if (typeof reached === 'object') return `stage ${reached.stage}`;
  return `${Number((reached * 100).toFixed(6))} %`;
}

/** What a plan waits for of others, one sentence each, and what happens when that is rolled back later. */
export function requirementLines(plan: Plan): string[] {
  const after = {
    pause: 'pauses when that is rolled back later',
    rollback: 'is rolled back with it later',
    note: 'only says so when that is rolled back later',
  };
  return requirementsOf(plan).map((requirement) => {
    const { at, rollout, environment, then } = requirement;
    const stage = at < 0 ? 'every stage' : `stage ${plan.stages[at]?.name ?? ''}`;
    const place = environment === plan.environment ? '' : ` in ${environment}`;
    return `${stage} waits until ${rollout}${place} has reached ${reachedText(requirement)}, and ${after[then]}`;
  });
}

/** Whether what a view says is about this requirement, which waits at `stage`; null: at the start. */
export function isRequired(
  requirement: PlacedRequirement,
  stage: string | null,
  seen: RequirementView,
): boolean {
  const { rollout, environment } = requirement;
  const same = seen.rollout === rollout && seen.environment === environment && seen.stage === stage;
  return same && seen.reached === reachedText(requirement);
}

/** Where the other rollout is, as a clause. */
export function sightText(sight: RequiredSight): string {
  const { id, phase, stage, rollout, environment, percent, served, why } = sight;
  if (id === null) return `there is no rollout of ${rollout} in ${environment} yet`;
  const because = why === null ? '' : ` (${why})`;
  switch (phase) {
    case 'reverting':
      return `${id} is being rolled back${because}`;
    case 'rolled-back':
      return `${id} was rolled back${because}`;
    case 'rejected':
      return `${id} was rejected${because}`;
    case 'completed':
    case 'abandoned':
    case 'superseded':
      return `${id} was ${phase} and serves ${servedText(percent, served)}`;
    case 'submitted':
      return `${id} has not begun`;
    case 'active':
    case null:
      return stage === null
        ? `${id} has not begun`
        : `${id} is in stage ${stage} and serves ${servedText(percent, served)}`;
  }
}

function servedText(percent: number, served: boolean): string {
  if (percent > 0) return `${percent} %`;
  return served ? 'its segments' : 'nobody';
}
