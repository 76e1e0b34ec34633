import { trafficRisks } from '../../analysis/unseen.ts';
import type { AllowedFinding } from '../../plans/allowed.ts';
import { Failure } from '../../plans/failures.ts';
import { type Finding, findingLines } from '../../plans/finding.ts';
import { planJsonSchema } from '../../plans/json-schema.ts';
import { parsePlan } from '../../plans/parse.ts';
import { RULES } from '../../plans/rules.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';

export interface CheckOptions {
  traffic?: string;
  strict?: boolean;
}

/**
 * Reviews plans without a server: everything that the text alone shows to be wrong or a risk, and with `--traffic` what that
 * traffic cannot show. Gives 1 when one has errors, with `--strict` also when one has a risk that it does not allow.
 */
export async function check(
  context: Context,
  files: readonly string[],
  options: CheckOptions = {},
): Promise<number> {
  const traffic = trafficOf(options.traffic);
  const results = await Promise.all(
    files.map(async (file) => ({ file, ...findingsOf(await planText(file), { file, traffic }) })),
  );
  const passes = ({ ok, findings }: Checked) => ok && (options.strict !== true || findings.length === 0);
  const all = results.every(passes);
  context.tell({
    ok: all,
    plans: results.map((result) => ({
      ...result,
      ok: passes(result),
      findings: result.findings.map(explained),
      allowed: result.allowed.map(explained),
    })),
  });
  context.say(results.flatMap((result) => lines(result.file, result)));
  return all ? 0 : 1;
}

/** The JSON Schema of plans; the same with and without `--json`. */
export async function schema(): Promise<void> {
  process.stdout.write(`${JSON.stringify(planJsonSchema(), null, 2)}\n`);
}

interface Checked {
  /** No errors. */
  ok: boolean;
  findings: Finding[];
  allowed: AllowedFinding[];
}

function findingsOf(text: string, { file, traffic }: { file: string; traffic: number | null }): Checked {
  const result = parsePlan(text, file);
  if (result.kind === 'invalid') return { ok: false, findings: result.findings, allowed: [] };
  const seen =
    traffic === null
      ? result
      : result.with({
          knows: 'traffic',
          review: (plan, warn) => trafficRisks(plan, { requestsPerSecond: traffic, warn }),
        });
  return { ok: true, findings: seen.warnings, allowed: seen.allowed };
}

/** With the reason of its rule, how to mend it, and where it is. */
function explained<F extends Finding>(finding: F) {
  const { rule, file, line, column, path, instead } = finding;
  const { why = '', mend = '' } = RULES[rule] ?? {};
  return { ...finding, why, mend: instead === '' ? mend : instead, place: { file, line, column, path } };
}

function lines(file: string, { ok, findings, allowed }: Checked): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const risks = findings.length > 0 ? `, ${findings.length} to think about` : '';
  const taken = allowed.length > 0 ? `, ${allowed.length} allowed` : '';
  return [
    ...findings.flatMap((finding) => {
      const why = finding.severity === 'warning' ? RULES[finding.rule]?.why : undefined;
      return [...findingLines(finding), ...(why === undefined ? [] : [`    why: ${why}`])];
    }),
    ...allowed.map(
      ({ line, column, rule, reason }) => `${file}:${line}:${column}  allowed  ${reason}  [${rule}]`,
    ),
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
