import { setImmediate } from 'node:timers/promises';
import { trafficRisks } from '../../analysis/unseen.ts';
import type { AllowedFinding } from '../../plans/allowed.ts';
import { circleOf } from '../../plans/circles.ts';
import type { Path } from '../../plans/document.ts';
import { explained } from '../../plans/explained.ts';
import { Failure } from '../../plans/failures.ts';
import { type Finding, findingLines, inOrder } from '../../plans/finding.ts';
import { planJsonSchema } from '../../plans/json-schema.ts';
import { parsePlan } from '../../plans/parse.ts';
import type { Plan } from '../../plans/plan.ts';
import { requirementLines } from '../../plans/requires.ts';
import { besideClock, overdueFinding } from '../../plans/review/clock.ts';
import { circleFinding } from '../../plans/review/required.ts';
import { tenantQuestions } from '../../plans/tenant-answers.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { checkedOnline } from '../plan-online.ts';
import { patiently } from '../render/patience.ts';

export interface CheckOptions {
  traffic?: string;
  strict?: boolean;
  online?: boolean;
}

/**
 * Reviews plans without a server: everything that the text alone shows to be wrong or a risk, and with `--traffic` what that
 * traffic cannot show. Plans that are checked together are also held against each other; with `--online` the server adds what
 * only it knows. Gives 1 when one has errors, with `--strict` also when one has a risk that it does not allow.
 */
export async function check(
  context: Context,
  files: readonly string[],
  options: CheckOptions = {},
): Promise<number> {
  const traffic = trafficOf(options.traffic);
  const alone: (Checked & { file: string; text: string })[] = [];
  const told = () => `checking ${files[alone.length] ?? 'plans'} (${alone.length + 1} of ${files.length})`;
  await patiently(told, async () => {
    for (const file of files) {
      const text = await planText(file);
      const own = findingsOf(text, { file, traffic, now: context.page().now });
      const seen = options.online === true ? beside(own, await checkedOnline(context, { text, file })) : own;
      alone.push({ file, text, ...seen });
      // Whoever waits is told in between: what traffic cannot show takes its time.
      await setImmediate();
    }
  });
  const results = alone.map((one) => besideOthers(one, alone));
  const passes = ({ ok, findings }: Pick<Checked, 'ok' | 'findings'>) =>
    ok && (options.strict !== true || findings.length === 0);
  const all = results.every(passes);
  context.tell({
    ok: all,
    plans: results.map(({ plan, text: _text, ...result }) => ({
      ...result,
      requires: plan === null ? [] : requirementLines(plan),
      ok: passes(result),
      findings: result.findings.map(withPlace),
      allowed: result.allowed.map(withPlace),
    })),
  });
  context.say(results.flatMap((result) => lines(result.file, result)));
  return all ? 0 : 1;
}

/** The JSON Schema of plans; the same with and without `--json`. */
export async function schema(): Promise<void> {
  process.stdout.write(`${JSON.stringify(planJsonSchema(), null, 2)}\n`);
}

/** Plans that wait for each other, where they are checked together. */
function besideOthers<C extends Checked & { file: string; text: string }>(one: C, all: readonly C[]): C {
  const { plan, file, text } = one;
  const others = all.flatMap((other) =>
    other === one || other.plan === null
      ? []
      : [{ id: other.plan.metadata.name, phase: 'submitted' as const, view: null, plan: other.plan }],
  );
  const circle = plan === null ? null : circleOf(plan, { active: others, isMet: () => false });
  if (circle === null) return one;
  const parsed = parsePlan(text, file);
  const written = parsed.kind === 'ok' ? parsed.written : (path: Path) => path;
  return {
    ...one,
    ok: false,
    findings: inOrder([...one.findings, explained(circleFinding({ text, file }, { ...circle, written }))]),
  };
}

type Explained<F> = F & { why: string };

interface Checked {
  /** Null when there are errors. */
  plan: Plan | null;
  /** No errors. */
  ok: boolean;
  findings: Explained<Finding>[];
  allowed: Explained<AllowedFinding>[];
  /** Queries that the source of the metrics refuses, or of which it knows no baseline. */
  broken: number;
  /** What else is to be said, one sentence each. */
  notes: string[];
}

function findingsOf(
  text: string,
  { file, traffic, now }: { file: string; traffic: number | null; now: number },
): Checked {
  const result = parsePlan(text, file);
  if (result.kind === 'invalid') return refused(result.findings);
  const today = result.with(besideClock({ now }));
  const overdue = overdueFinding({ text, file }, { ...today, now });
  if (overdue !== null) return refused(inOrder([...today.warnings, overdue]));
  const seen =
    traffic === null
      ? today
      : today.with({
          knows: 'traffic',
          review: (plan, warn) => trafficRisks(plan, { requestsPerSecond: traffic, warn }),
        });
  const notes = tenantQuestions(result.plan).map(
    ({ stage, query: { database } }) =>
      `the tenants of stage ${stage} stand in the database ${database}, which only the server can ask: --online`,
  );
  return {
    plan: seen.plan,
    ok: true,
    findings: seen.warnings.map(explained),
    allowed: seen.allowed.map(explained),
    broken: 0,
    notes,
  };
}

function refused(findings: readonly Finding[]): Checked {
  return { plan: null, ok: false, findings: findings.map(explained), allowed: [], broken: 0, notes: [] };
}

/** What the server said, and what only the command was told: the traffic. */
function beside(alone: Checked, online: Omit<Checked, 'plan'>): Checked {
  const both = [...alone.findings, ...online.findings];
  const allowed = [...alone.allowed, ...online.allowed];
  return {
    ...online,
    plan: alone.plan,
    ok: alone.ok && online.ok,
    findings: inOrder(both),
    allowed: inOrder(allowed),
  };
}

function withPlace<F extends Finding>(finding: F) {
  const { file, line, column, path } = finding;
  return { ...finding, place: { file, line, column, path } };
}

function lines(file: string, { plan, ok, findings, allowed, broken, notes }: Checked): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length + broken;
  const risks = findings.length > 0 ? `, ${findings.length} to think about` : '';
  const taken = allowed.length > 0 ? `, ${allowed.length} allowed` : '';
  return [
    ...findings.flatMap((finding) => {
      const { severity, why } = finding;
      return [...findingLines(finding), ...(severity === 'error' || why === '' ? [] : [`    why: ${why}`])];
    }),
    ...allowed.map(
      ({ line, column, rule, reason }) => `${file}:${line}:${column}  allowed  ${reason}  [${rule}]`,
    ),
    ...(plan === null ? [] : requirementLines(plan).map((line) => `${file}: ${line}`)),
    ...notes.map((note) => `${file}: ${note}`),
    ok ? `${file}: ok${risks}${taken}` : `${file}: ${errors} to mend`,
  ];
}

/** Requests per second of both cohorts together; null: not known. */
function trafficOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const traffic = Number(text);
  if (Number.isFinite(traffic) && traffic > 0) return traffic;
  throw new Failure('USAGE', `--traffic ${text} is no number of requests per second above 0.`);
}
