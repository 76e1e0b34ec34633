import type { z } from 'zod';
import { shortfalls } from '../flags/platforms/requirements.ts';
import type { Approval } from '../plans/approval.ts';
import { Failure } from '../plans/failures.ts';
import { findingText } from '../plans/finding.ts';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import type { CheckReply } from './api.ts';
import { unknownInChecks } from './check-names.ts';
import type { ServerDeps } from './deps.ts';
import { withHolidays } from './holidays.ts';

interface PlanText {
  text: string;
  /** Only the name shown. */
  file: string;
}

type PlanDeps = Pick<ServerDeps, 'known'>;

/** Names in a plan that `tidegate.yaml` must define, and does not, and what its flag platform cannot do. */
function unknownNames({ known }: PlanDeps, plan: Plan, file: string): string[] {
  const missing: string[] = [];
  const look = (path: string, name: string, defined: readonly string[], key: string) => {
    if (defined.includes(name)) return;
    const there = defined.length === 0 ? 'none is defined' : `one of ${defined.toSorted().join(', ')}`;
    missing.push(`${file}: ${path}: "${name}" is not in \`${key}\` of tidegate.yaml. Instead: ${there}`);
  };
  look('source.prometheus', plan.source.prometheus, known.sources, 'sources');
  // What others serve has segments of its own.
  const ours = plan.mode === 'act' || plan.flag.provider === 'embedded';
  plan.stages.forEach((stage, i) => {
    if (!ours) return;
    for (const segment of stage.audience?.segments ?? []) {
      look(`stages[${i}].audience.segments`, segment, known.segments, 'segments');
    }
  });
  missing.push(...unknownInChecks(plan, known.checks).map((text) => `${file}: ${text}`));
  for (const { path, message, instead } of shortfalls(plan, known.providers ?? {}))
    missing.push(`${file}: ${path}: ${message}. Instead: ${instead}`);
  for (const [path, approval] of approvalsOf(plan)) {
    const { channel } = approval.escalate ?? {};
    if (channel !== undefined) look(`${path}.escalate.channel`, channel, known.channels, 'channels');
  }
  plan.notify.forEach((rule, i) => look(`notify[${i}].channel`, rule.channel, known.channels, 'channels'));
  return missing;
}

function approvalsOf({ approvals, approval, stages }: Plan): [path: string, approval: Approval][] {
  const all: [string, Approval | undefined][] = [
    ['approvals.start', approvals.start],
    ['approval', approval],
    ...stages.map((stage, i): [string, Approval | undefined] => [`stages[${i}].approval`, stage.approval]),
  ];
  return all.flatMap(([path, one]): [string, Approval][] => (one === undefined ? [] : [[path, one]]));
}

interface Checked {
  /** Null when there are errors. */
  plan: Plan | null;
  errors: string[];
  warnings: string[];
}

function checked(deps: PlanDeps, { text, file }: PlanText): Checked {
  const parsed = parsePlan(text, file);
  if (parsed.kind === 'invalid') {
    const of = (severity: string) => parsed.findings.filter((f) => f.severity === severity).map(findingText);
    return { plan: null, errors: of('error'), warnings: of('warning') };
  }
  const { plan, unknown } = withHolidays(parsed.plan, deps.known.holidays ?? {});
  const lists = unknown.map(
    ([path, name]) =>
      `${file}: ${path}: "${name}" is not in \`holidays\` of tidegate.yaml. Instead: a list of days, or a list's name`,
  );
  const errors = [...unknownNames(deps, plan, file), ...lists];
  return {
    plan: errors.length === 0 ? plan : null,
    errors,
    warnings: parsed.warnings.map(findingText),
  };
}

/** Everything that is wrong with a plan, and what is a risk in it. */
export function checkPlanText(deps: PlanDeps, source: PlanText): z.infer<typeof CheckReply> {
  const { plan, errors, warnings } = checked(deps, source);
  return { ok: plan !== null, errors, warnings };
}

/** The plan of a text; `PLAN_INVALID` with every error in its details. */
export function planFromText(deps: PlanDeps, source: PlanText): { plan: Plan; warnings: string[] } {
  const { plan, errors, warnings } = checked(deps, source);
  if (plan !== null) return { plan, warnings };
  const many = errors.length === 1 ? 'one error' : `${errors.length} errors`;
  throw new Failure('PLAN_INVALID', `${source.file} has ${many}.`, { where: source.file, details: errors });
}
