import type { Approval } from '../plans/approval.ts';
import { readYaml } from '../plans/document.ts';
import { explained } from '../plans/explained.ts';
import { isFailure } from '../plans/failures.ts';
import { type Finding, findingText, inOrder } from '../plans/finding.ts';
import { earliestTimes, leastTime, windowsOf } from '../plans/least-time.ts';
import type { Plan } from '../plans/plan.ts';
import { approvalFor, stageExposure } from '../plans/stages.ts';
import { foundText, type TenantsFound, tenantQuestions } from '../plans/tenant-answers.ts';
import type { RolloutRow } from '../store/store.ts';
import type { CheckReply, PlanOutlook, PlanTenants } from './api/plans.ts';
import type { Caller } from './auth/guard.ts';
import { filterOf } from './board.ts';
import type { QueryFinding, ServerDeps } from './deps.ts';
import { claimFault, claimText } from './flags/claimable.ts';
import { planOf } from './live.ts';
import { differences, lastOf } from './plan-difference.ts';
import { checkedAmongRollouts } from './plan-text.ts';
import { askedTenants } from './tenants.ts';

interface Wanted {
  text: string;
  file: string;
  queries: boolean;
  /** The rollout that it would amend. */
  amends: RolloutRow | null;
  /** Whose plan it is held against; null: the flag's last one. */
  against: RolloutRow | null;
}

/**
 * Everything that is wrong with a plan, what is a risk in it, and what a submit or an amendment would come to.
 * @throws Failure PERMISSION_MISSING where queries are asked for by who may not submit there; PROMETHEUS_UNREACHABLE
 */
export async function checkPlan(
  deps: ServerDeps,
  caller: Caller,
  { text, file, queries, amends, against }: Wanted,
): Promise<CheckReply> {
  const of = await checkedAmongRollouts(deps, { text, file }, amends?.id ?? null);
  const { warnings } = of;
  const written = of.sound?.plan ?? null;
  const before = amends === null ? null : { text: amends.text, plan: planOf(amends) };
  const asked =
    written === null || !queries
      ? null
      : await askedTenantsOf(deps, caller, { plan: written, text, file, before });
  const unclaimable =
    written === null || amends !== null ? [] : await claimOf(deps, caller, { plan: written, text, file });
  const late = [...(asked?.findings ?? []), ...unclaimable];
  const errors = [...of.errors, ...late.map(findingText)];
  const findings = inOrder([...of.findings, ...late]).map(told);
  const plan = errors.length > 0 ? null : (asked?.plan ?? written);
  const tenants = asked?.found.map(tenantsReply) ?? null;
  const checked = { ok: plan !== null, errors, warnings, findings, allowed: of.allowed.map(told), tenants };
  if (plan === null) return { ...checked, outlook: null, queries: null, differences: null, last: null };
  return {
    ...checked,
    outlook: await outlookOf(deps, caller, plan),
    queries: queries ? await triedQueries(deps, caller, plan) : null,
    differences: amends === null ? null : differences(planOf(amends), plan),
    last: await lastTime(deps, caller, { plan, against }),
  };
}

/** What the registry's definition of the flag has against the plan, for who may read it. */
async function claimOf(
  { registry }: Pick<ServerDeps, 'registry'>,
  caller: Caller,
  { plan, text, file }: { plan: Plan; text: string; file: string },
): Promise<Finding[]> {
  const { environment, flag, mode } = plan;
  if (mode !== 'act' || !caller.may('read', { environment, flag: flag.key })) return [];
  const fault = claimFault(plan, await registry.read({ environment, key: flag.key }));
  if (fault === null) return [];
  const rule = 'PLAN-CLAIM';
  const { path, instead } = fault;
  const place = readYaml(text, { file, rule }).locate(path.split('.'));
  return [{ severity: 'error', rule, file, ...place, path, message: claimText(fault), instead }];
}

async function lastTime(
  deps: ServerDeps,
  caller: Caller,
  { plan, against }: { plan: Plan; against: RolloutRow | null },
): Promise<CheckReply['last']> {
  const place = { environment: plan.environment, flag: plan.flag.key };
  if (against === null && !caller.may('read', place)) return null;
  const row = against ?? (await lastOf(deps, place));
  return row === null ? null : { id: row.id, phase: row.phase, differences: differences(planOf(row), plan) };
}

function told<F extends Finding>({ file: _file, ...finding }: F) {
  return explained(finding);
}

function tenantsReply(found: TenantsFound): PlanTenants {
  return { ...found, text: foundText(found) };
}

/** Whoever could never submit it has the source of the metrics asked nothing. */
async function triedQueries(deps: ServerDeps, caller: Caller, plan: Plan): Promise<QueryFinding[]> {
  caller.demand('submit', { environment: plan.environment, flag: plan.flag.key });
  return deps.checkQueries(plan);
}

/** The same of its databases. */
async function askedTenantsOf(deps: ServerDeps, caller: Caller, asked: Parameters<typeof askedTenants>[1]) {
  const { environment, flag } = asked.plan;
  caller.demand('submit', { environment, flag: flag.key });
  return askedTenants(deps, asked);
}

type Asked = Pick<Approval, 'roles' | 'quorum'>;

async function outlookOf(deps: ServerDeps, caller: Caller, plan: Plan): Promise<PlanOutlook> {
  const { environment, mode, metadata } = plan;
  const now = deps.now();
  const { begin } = earliestTimes(plan, now);
  const flag = plan.flag.key;
  const place = { environment, flag };
  const [active] = await deps.board.page(
    { ...filterOf(place, caller), phases: ['submitted', 'active', 'reverting'] },
    { limit: 1 },
  );
  const asks = (index: number): Asked => approvalFor(plan, index) ?? { roles: [], quorum: 'any' };
  const start = asks(-1);
  const reads = mode === 'act' && caller.may('read', place);
  const latch = reads ? await latchOf(deps, { environment, key: flag }) : null;
  return {
    name: metadata.name,
    title: metadata.title ?? null,
    environment,
    flag,
    mode,
    stages: plan.stages.map((stage, index) => {
      const { percent, segments } = stageExposure(plan, index);
      const { name, decommission } = stage;
      const [question] = tenantQuestions({ stages: [stage] });
      return {
        name,
        percent,
        segments,
        tenantsFrom: question?.query.database ?? null,
        decommission: decommission !== undefined,
        takes: leastTime(stage),
        roles: asks(index).roles,
        quorum: asks(index).quorum,
      };
    }),
    startRoles: start.roles,
    startQuorum: start.quorum,
    opensAt: begin > now ? begin : null,
    timezone: windowsOf(plan, 0)?.timezone ?? null,
    active: active?.id ?? null,
    latch,
    maySubmit: caller.may('submit', place),
  };
}

/** While the flag cannot be read, the rest is still worth saying. */
async function latchOf(
  { flags }: Pick<ServerDeps, 'flags'>,
  target: { environment: string; key: string },
): Promise<PlanOutlook['latch']> {
  try {
    const latch = (await flags.read(target))?.latch ?? null;
    return latch === null ? null : { by: latch.by, reason: latch.reason };
  } catch (error) {
    if (isFailure(error)) return null;
    throw error;
  }
}
