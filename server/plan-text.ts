import type { z } from 'zod';
import { shortfalls } from '../flags/platforms/requirements.ts';
import type { Approval } from '../plans/approval.ts';
import { Failure } from '../plans/failures.ts';
import { type Finding, findingText } from '../plans/finding.ts';
import { parsePlan, type SoundPlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import { besideRollouts } from '../plans/review/shared-flag.ts';
import { ENDED, PHASES } from '../plans/view.ts';
import type { CheckReply } from './api.ts';
import type { ServerDeps } from './deps.ts';

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
  sound: SoundPlan | null;
  errors: string[];
  warnings: string[];
}

/** With the id by which the plan can allow it. */
function riskText(finding: Finding): string {
  return `${findingText(finding)} [${finding.rule}]`;
}

function checked(deps: PlanDeps, { text, file }: PlanText): Checked {
  const parsed = parsePlan(text, file);
  if (parsed.kind === 'invalid') {
    const of = (severity: string) => parsed.findings.filter((f) => f.severity === severity).map(findingText);
    return { sound: null, errors: of('error'), warnings: of('warning') };
  }
  const errors = unknownNames(deps, parsed.plan, file);
  return {
    sound: errors.length === 0 ? parsed : null,
    errors,
    warnings: parsed.warnings.map(riskText),
  };
}

const ACTIVE = PHASES.filter((phase) => !ENDED.includes(phase));

/** The plan beside the rollouts that are active now. */
async function amongRollouts(
  { rollouts }: Pick<ServerDeps, 'rollouts'>,
  sound: SoundPlan,
): Promise<SoundPlan> {
  return sound.with(besideRollouts(await rollouts.list({ flag: sound.plan.flag.key, phases: ACTIVE })));
}

/** Everything that is wrong with a plan, and what is a risk in it. */
export async function checkPlanText(
  deps: PlanDeps & Pick<ServerDeps, 'rollouts'>,
  source: PlanText,
): Promise<z.infer<typeof CheckReply>> {
  const { sound, errors, warnings } = checked(deps, source);
  if (sound === null) return { ok: false, errors, warnings };
  const among = await amongRollouts(deps, sound);
  return { ok: true, errors, warnings: among.warnings.map(riskText) };
}

/** The plan of a text; `PLAN_INVALID` with every error in its details. */
export function planFromText(deps: PlanDeps, source: PlanText): { plan: Plan; warnings: string[] } {
  const { plan, warnings } = soundFromText(deps, source);
  return { plan, warnings: warnings.map(riskText) };
}

/** The same beside the rollouts that are active now. */
export async function planAmongRollouts(
  deps: PlanDeps & Pick<ServerDeps, 'rollouts'>,
  source: PlanText,
): Promise<{ plan: Plan; warnings: string[] }> {
  const { plan, warnings } = await amongRollouts(deps, soundFromText(deps, source));
  return { plan, warnings: warnings.map(riskText) };
}

function soundFromText(deps: PlanDeps, source: PlanText): SoundPlan {
  const { sound, errors } = checked(deps, source);
  if (sound !== null) return sound;
  const many = errors.length === 1 ? 'one error' : `${errors.length} errors`;
  throw new Failure('PLAN_INVALID', `${source.file} has ${many}.`, { where: source.file, details: errors });
}
