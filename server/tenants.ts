import { readYaml } from '../plans/document.ts';
import { Failure } from '../plans/failures.ts';
import { type Finding, findingText, pathText } from '../plans/finding.ts';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import {
  keptWaves,
  type TenantFault,
  type TenantsFound,
  tenantQuestions,
  withTenants,
} from '../plans/tenant-answers.ts';
import type { AskTenants, TenantReply } from '../plans/tenant-query.ts';

interface Asked {
  /** As it stands in the text, with its questions. */
  plan: Plan;
  text: string;
  file: string;
  /** The rollout whose plan it takes the place of: where both ask the same, the tenants stay those that they are. */
  before?: { text: string; plan: Plan } | null;
}

interface Settled {
  plan: Plan;
  found: TenantsFound[];
  /** Errors of the rule `PLAN-TENANTS`. */
  findings: Finding[];
  /** True where a database gave no answer at all. */
  silent: boolean;
}

/** Asks the databases of tidegate.yaml for the tenants that a plan leaves to them. */
export async function askedTenants(
  { askTenants }: { askTenants?: AskTenants | undefined },
  { plan, text, file, before = null }: Asked,
): Promise<Settled> {
  const questions = tenantQuestions(plan);
  if (questions.length === 0) return { plan, found: [], findings: [], silent: false };
  const kept = before === null ? () => null : keptBy(plan, before);
  const answers = new Map(
    await Promise.all(
      questions.map(async ({ stage, query }): Promise<[string, TenantReply | Kept]> => {
        const waves = kept(stage);
        if (waves !== null) return [stage, { kind: 'kept', waves }];
        const nobody: TenantReply = { kind: 'silent', why: 'this server asks no databases' };
        return [stage, (await askTenants?.(query)) ?? nobody];
      }),
    ),
  );
  const settled = withTenants(plan, answers);
  return {
    plan: settled.plan,
    found: settled.found,
    findings: located(settled.faults, { text, file }),
    silent: settled.faults.some(({ kind }) => kind === 'silent'),
  };
}

type Kept = { kind: 'kept'; waves: string[][] };

function keptBy(asks: Plan, { text, plan: was }: { text: string; plan: Plan }) {
  const parsed = parsePlan(text, 'before');
  if (parsed.kind === 'invalid') return () => null;
  return (stage: string) => keptWaves(stage, { asks, before: parsed.plan, was });
}

function located(faults: readonly TenantFault[], { text, file }: { text: string; file: string }): Finding[] {
  if (faults.length === 0) return [];
  const document = readYaml(text, { file, rule: 'PLAN-YAML' });
  const { stages = [] } = (document.data ?? {}) as { stages?: { name?: unknown }[] };
  return faults.map(({ question, message, instead }) => {
    const index = stages.findIndex(({ name }) => String(name) === question.stage);
    const path = ['stages', index, ...question.path];
    const place = document.locate(path, true);
    return {
      severity: 'error',
      rule: 'PLAN-TENANTS',
      file,
      ...place,
      path: pathText(path),
      message,
      instead,
    };
  });
}

/** The same for a plan that is taken in. @throws Failure PLAN_INVALID, TENANTS_SILENT */
export async function settledTenants(
  deps: { askTenants?: AskTenants | undefined },
  asked: Asked,
): Promise<{ plan: Plan; found: TenantsFound[] }> {
  const { plan, found, findings, silent } = await askedTenants(deps, asked);
  if (findings.length === 0) return { plan, found };
  const details = findings.map(findingText);
  const { file: where } = asked;
  if (silent)
    throw new Failure('TENANTS_SILENT', 'Nobody knows the tenants of the plan.', { where, details });
  throw new Failure('PLAN_INVALID', `The tenants that ${where} asks for cannot be taken.`, {
    where,
    details,
  });
}
