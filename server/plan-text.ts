import { shortfalls } from '../flags/platforms/requirements.ts';
import type { AllowedFinding } from '../plans/allowed.ts';
import type { Approval } from '../plans/approval.ts';
import { readYaml } from '../plans/document.ts';
import { Failure } from '../plans/failures.ts';
import { type Finding, findingText, inOrder, pathText } from '../plans/finding.ts';
import { parsePlan, type SoundPlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import { besideClock, type Clock, overdueFinding } from '../plans/review/clock.ts';
import { circleFinding } from '../plans/review/required.ts';
import { besideRollouts } from '../plans/review/shared-flag.ts';
import { ENDED, PHASES } from '../plans/view.ts';
import { unknownInChecks } from './check-names.ts';
import type { ServerDeps } from './deps.ts';
import { withHolidays } from './holidays.ts';
import { planOf } from './live.ts';
import { requiredPlans } from './required-plans.ts';

interface PlanText {
  text: string;
  /** Only the name shown. */
  file: string;
}

type PlanDeps = Pick<ServerDeps, 'known'>;

type Path = readonly (string | number)[];

/** Names in a plan that `tidegate.yaml` must define, and does not, and what its flag platform cannot do. */
function unknownNames(
  { known }: PlanDeps,
  { plan, written }: Pick<SoundPlan, 'plan' | 'written'>,
  { text, file }: PlanText,
  lists: readonly [path: string, name: string][],
): Finding[] {
  const document = readYaml(text, { file, rule: 'PLAN-YAML' });
  const missing: Finding[] = [];
  const say = (of: Path, message: string, instead: string) => {
    const at = written([...of]);
    const path = pathText(at);
    // What a stage names is said once, however many waves it has.
    if (missing.some((one) => one.path === path && one.message === message)) return;
    missing.push({
      severity: 'error',
      rule: 'PLAN-NAME',
      file,
      ...document.locate(at),
      path,
      message,
      instead,
    });
  };
  const look = (path: Path, name: string, { defined, key }: { defined: readonly string[]; key: string }) => {
    if (defined.includes(name)) return;
    const there = defined.length === 0 ? 'none is defined' : `one of ${defined.toSorted().join(', ')}`;
    say(path, `"${name}" is not in \`${key}\` of tidegate.yaml`, there);
  };
  look(['source', 'prometheus'], plan.source.prometheus, { defined: known.sources, key: 'sources' });
  // What others serve has segments of its own.
  const ours = plan.mode === 'act' || plan.flag.provider === 'embedded';
  const segments = { defined: [...known.segments, ...(known.sharedSegments ?? [])], key: 'segments' };
  plan.stages.forEach((stage, i) => {
    if (!ours) return;
    for (const segment of stage.audience?.segments ?? [])
      look(['stages', i, 'audience', 'segments'], segment, segments);
  });
  if (ours)
    for (const segment of plan.exclude?.segments ?? [])
      look(['exclude', 'segments'], segment, { defined: known.segments, key: 'segments' });
  for (const [path, list] of [
    [['coverage'], plan.coverage] as const,
    ...plan.stages.map(({ coverage }, i) => [['stages', i, 'coverage'], coverage] as const),
  ])
    list?.forEach(({ segment }, at) => {
      const shared = { defined: known.segments, key: 'segments' };
      if (segment !== undefined) look([...path, at, 'segment'], segment, shared);
    });
  for (const { path, message, instead } of unknownInChecks(plan, known.checks))
    say(partsOf(path), message, instead);
  for (const [path, name] of lists)
    say(
      partsOf(path),
      `"${name}" is not in \`holidays\` of tidegate.yaml`,
      "a list of days, or a list's name",
    );
  for (const { path, message, instead } of shortfalls(plan, known)) say(partsOf(path), message, instead);
  const channels = { defined: known.channels, key: 'channels' };
  for (const [path, approval] of approvalsOf(plan)) {
    const { channel } = approval.escalate ?? {};
    if (channel !== undefined) look([...path, 'escalate', 'channel'], channel, channels);
  }
  plan.notify.forEach((rule, i) => look(['notify', i, 'channel'], rule.channel, channels));
  return missing;
}

/** `stages[0].percent` → its parts. */
function partsOf(path: string): Path {
  return path
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function approvalsOf({ approvals, approval, stages }: Plan): [path: Path, approval: Approval][] {
  const all: [Path, Approval | undefined][] = [
    [['approvals', 'start'], approvals.start],
    [['approval'], approval],
    ...stages.map((stage, i): [Path, Approval | undefined] => [['stages', i, 'approval'], stage.approval]),
  ];
  return all.flatMap(([path, one]): [Path, Approval][] => (one === undefined ? [] : [[path, one]]));
}

export interface CheckedPlan {
  /** Null when there are errors. */
  sound: SoundPlan | null;
  /** In the order of the text. */
  findings: Finding[];
  errors: string[];
  warnings: string[];
  /** Risks that the plan takes on purpose. */
  allowed: readonly AllowedFinding[];
}

/** Everything that is wrong with a plan, and what is a risk in it. */
export function checkedPlan(deps: PlanDeps, source: PlanText): CheckedPlan {
  const parsed = parsePlan(source.text, source.file);
  if (parsed.kind === 'invalid') return told(null, parsed.findings);
  const { plan, unknown } = withHolidays(parsed.plan, deps.known.holidays ?? {});
  const missing = unknownNames(deps, { plan, written: parsed.written }, source, unknown);
  return told(
    missing.length === 0 ? withPlan(parsed, plan) : null,
    inOrder([...parsed.warnings, ...missing]),
  );
}

/** What is reviewed stays the text; what is submitted has the days in the place of their list's name. */
function withPlan(sound: SoundPlan, plan: Plan): SoundPlan {
  return { ...sound, plan, with: (beside) => withPlan(sound.with(beside), plan) };
}

function told(sound: SoundPlan | null, findings: Finding[]): CheckedPlan {
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity);
  return {
    sound,
    findings,
    errors: of('error').map(findingText),
    warnings: of('warning').map(riskText),
    allowed: sound?.allowed ?? [],
  };
}

/** With the id by which the plan can allow it. */
function riskText(finding: Finding): string {
  return `${findingText(finding)} [${finding.rule}]`;
}

const ACTIVE = PHASES.filter((phase) => !ENDED.includes(phase));

/** The same beside the clock and the rollouts that are active now. `amends`: the one whose plan it is to become. */
export async function checkedAmongRollouts(
  deps: PlanDeps & Pick<ServerDeps, 'rollouts' | 'now'>,
  source: PlanText,
  amends: string | null = null,
): Promise<CheckedPlan> {
  const checked = checkedPlan(deps, source);
  if (checked.sound === null) return checked;
  const { key } = checked.sound.plan.flag;
  const active = await deps.rollouts.list({ flag: key, phases: ACTIVE });
  const amended = active.find(({ id }) => id === amends);
  const by: Clock = {
    now: deps.now(),
    before: amended && planOf(amended),
    holidays: deps.known.holidays,
  };
  const sound = checked.sound
    .with(besideRollouts(active.filter((row) => row !== amended)))
    .with(besideClock(by));
  const overdue = overdueFinding(source, { ...sound, ...by });
  if (overdue !== null) return told(null, inOrder([...sound.warnings, overdue]));
  const required = await requiredPlans(deps.rollouts, sound.plan, amends);
  if (required === null) return told(sound, sound.warnings);
  const beside = sound.with(required.beside);
  if (required.circle === null) return told(beside, beside.warnings);
  return told(
    null,
    inOrder([...beside.warnings, circleFinding(source, { ...required.circle, written: sound.written })]),
  );
}

/** The plan of a text; `PLAN_INVALID` with every error in its details. */
export function planFromText(deps: PlanDeps, source: PlanText): { plan: Plan; warnings: string[] } {
  return planOfChecked(checkedPlan(deps, source), source);
}

/** The same beside the clock and the rollouts that are active now. */
export async function planAmongRollouts(
  deps: PlanDeps & Pick<ServerDeps, 'rollouts' | 'now'>,
  source: PlanText & { amends?: string },
): Promise<{ plan: Plan; warnings: string[] }> {
  return planOfChecked(await checkedAmongRollouts(deps, source, source.amends ?? null), source);
}

function planOfChecked(
  { sound, errors, warnings }: CheckedPlan,
  { file }: PlanText,
): { plan: Plan; warnings: string[] } {
  if (sound !== null) return { plan: sound.plan, warnings };
  const many = errors.length === 1 ? 'one error' : `${errors.length} errors`;
  throw new Failure('PLAN_INVALID', `${file} has ${many}.`, { where: file, details: errors });
}
