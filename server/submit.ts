import type { Evidence } from '../analysis/evidence.ts';
import type { Place } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import type { Origin } from '../plans/origin.ts';
import type { Plan } from '../plans/plan.ts';
import { sharedNotes } from '../plans/shared-service.ts';
import { foundText } from '../plans/tenant-answers.ts';
import type { RolloutRow } from '../store/store.ts';
import type { SubmitReply } from './api.ts';
import type { Actor } from './auth/principal.ts';
import { refusingCircles } from './circle-refusal.ts';
import type { QueryFinding, ServerDeps } from './deps.ts';
import { refuseUnclaimable } from './flags/claimable.ts';
import { planOf } from './live.ts';
import { planAmongRollouts } from './plan-text.ts';
import { settledTenants } from './tenants.ts';

/** Refuses queries that Prometheus refuses or that find no baseline; a missing canary is normal at 0 %. */
function refuseQueries(plan: Plan, findings: QueryFinding[]): void {
  const describe = (finding: QueryFinding) => `${finding.metric}: ${finding.detail} (${finding.query})`;
  const refused = findings.filter((finding) => finding.kind === 'refused');
  const missing = findings.filter((finding) => finding.kind === 'no-baseline');
  const details = [...refused, ...missing].map(describe);
  const where = `source ${plan.source.prometheus}`;
  if (refused.length > 0) {
    throw new Failure('PROMETHEUS_QUERY', 'Queries of the plan are refused by Prometheus.', {
      where,
      details,
    });
  }
  if (missing.length > 0) {
    const names = [...new Set(missing.map((finding) => finding.metric))].join(', ');
    throw new Failure('BASELINE_MISSING', `No series of the baseline cohort for ${names}.`, {
      where,
      details,
    });
  }
}

/** What the active rollouts of the same service mean for this one. */
async function sharedService({ rollouts }: ServerDeps, plan: Plan): Promise<string[]> {
  const { service } = plan.metadata;
  if (service === undefined) return [];
  const others = await rollouts.list({ service, environment: plan.environment, phases: UNDER_WAY });
  return sharedNotes(
    plan,
    others.map((row) => ({ id: row.id, plan: planOf(row) })).filter((other) => other.plan.mode !== 'observe'),
  );
}

const UNDER_WAY = ['submitted', 'active', 'reverting'] as const;

/**
 * Takes a plan in: everything that can be known to be wrong is said before anything moves. A rollout whose
 * workflow cannot be started leaves nothing behind. `actorAt` refuses who may not submit there.
 */
export async function submit(deps: ServerDeps, request: SubmitRequest): Promise<SubmitReply> {
  return start(deps, await admit(deps, request), request);
}

export interface SubmitRequest {
  text: string;
  file: string;
  actorAt: (place: Place) => Actor;
  /** Of a rollout that goes on after another one, by the plan that it would begin with and who asks for it; null: after none. */
  afterOf?: (plan: Plan, actor: Actor) => After | Promise<After | null>;
  /** That other one, whose tenants stay where both plans ask for them in the same way. */
  after?: RolloutRow;
}

/** What a rollout goes on after, and with. */
export interface After {
  origin: Origin;
  /** The evidence against its build; absent: it begins anew. */
  carried?: Evidence;
}

interface Admitted {
  plan: Plan;
  actor: Actor;
  warnings: string[];
  findings: QueryFinding[];
  /** Who the tenants are that the plan has asked for, a sentence for each stage. */
  tenants: string[];
  past: After | null;
}

/** All that can refuse a plan before its flag is free. */
export async function admit(deps: ServerDeps, request: SubmitRequest): Promise<Admitted> {
  const { text, file, actorAt } = request;
  const { plan: written, warnings } = await planAmongRollouts(deps, { text, file });
  const actor = actorAt({ environment: written.environment, flag: written.flag.key });
  const { after } = request;
  const before = after === undefined ? null : { text: after.text, plan: planOf(after) };
  const { plan, found } = await settledTenants(deps, { plan: written, text, file, before });
  const past = (await request.afterOf?.(plan, actor)) ?? null;
  const lacks = (await deps.platformLacks?.(plan)) ?? [];
  if (lacks.length > 0) {
    throw new Failure('FLAG_UNSUPPORTED', `"${plan.flag.provider}" cannot carry out ${file}.`, {
      where: file,
      details: lacks,
    });
  }
  const target = { environment: plan.environment, key: plan.flag.key };
  const acts = plan.mode === 'act';
  const reading = acts ? await deps.flags.read(target) : null;
  if (reading?.latch != null) {
    const { by, reason, at } = reading.latch;
    throw new Failure(
      'FLAG_LATCHED',
      `The flag ${target.key} in ${target.environment} was killed by ${by}: ${reason}.`,
      {
        where: `since ${at}`,
      },
    );
  }
  if (acts) refuseUnclaimable(plan, await deps.registry.read(target), file);
  const findings = await deps.checkQueries(plan);
  refuseQueries(plan, findings);
  return { plan, actor, warnings, findings, past, tenants: found.map(foundText) };
}

/** Begins what was admitted. */
export async function start(
  deps: ServerDeps,
  { plan, actor, warnings, findings, past, tenants }: Admitted,
  { text }: Pick<SubmitRequest, 'text'>,
): Promise<SubmitReply> {
  const shared = await sharedService(deps, plan);
  const carried = past?.carried === undefined ? {} : { carried: past.carried };
  const row = await deps.rollouts.create(
    {
      name: plan.metadata.name,
      flag: plan.flag.key,
      environment: plan.environment,
      service: plan.metadata.service ?? null,
      text,
      plan,
      submittedBy: actor.by,
      ...carried,
    },
    refusingCircles(plan),
  );
  try {
    await deps.engine.start({
      id: row.id,
      plan,
      submittedBy: actor,
      notes: [...shared, ...tenants],
      ...(past === null ? {} : { origin: past.origin }),
      ...carried,
    });
  } catch (error) {
    try {
      await deps.rollouts.discard(row.id);
    } catch (left) {
      // The first failure is the one to tell; the row that stays is refused at the next submit by its id.
      deps.logger.error({ err: left, rollout: row.id }, 'could not take back a rollout that did not start');
    }
    throw error;
  }
  const uses = findings.filter(({ kind }) => kind === 'uses');
  const slow = findings.filter(({ kind }) => kind === 'slow-scrape');
  return {
    id: row.id,
    warnings: [...warnings, ...slow.map(({ metric, detail }) => `${metric}: ${detail}`)],
    notes: [
      ...shared,
      ...tenants,
      ...uses.map(({ metric, detail, query }) => `${metric} ${detail} (${query})`),
    ],
  };
}
