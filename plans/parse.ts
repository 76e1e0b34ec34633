import { readYaml } from './document.ts';
import type { Finding } from './finding.ts';
import { type Note, reviewPlan } from './review.ts';
import { Plan } from './plan.ts';
import { pathText, type YamlDocument } from './document.ts';
import { parseBySchema } from './zod-findings.ts';

export type PlanResult = { kind: 'ok'; plan: Plan; warnings: Finding[] } | { kind: 'invalid'; findings: Finding[] };

/**
 * A plan from its YAML text. All that is wrong is found at once, each with file, line, column and what to write
 * instead; `file` is only the name shown.
 */
export function parsePlan(text: string, file: string): PlanResult {
  const document = readYaml(text, { file, rule: 'PLAN-YAML' });
  if (document.problems.length > 0) return { kind: 'invalid', findings: document.problems };
  const parsed = parseBySchema(Plan, document, { file, rule: 'PLAN' });
  if (parsed.kind === 'invalid') return { kind: 'invalid', findings: inOrder(parsed.findings) };
  const plan = withWeights(parsed.value);
  const findings = inOrder(reviewPlan(plan, parsed.value).map((note) => place(note, document, file)));
  if (findings.some(({ severity }) => severity === 'error')) return { kind: 'invalid', findings };
  return { kind: 'ok', plan, warnings: findings };
}

function place(note: Note, document: YamlDocument, file: string): Finding {
  const { severity, rule, path, message, instead } = note;
  return { severity, rule, file, ...document.locate(path), path: pathText(path), message, instead };
}

function inOrder(findings: Finding[]): Finding[] {
  return findings.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Weights that the plan leaves out share what the others leave. */
function withWeights(plan: Plan): Plan {
  const open = plan.metrics.filter(({ weight }) => weight === undefined).length;
  if (open === 0) return plan;
  const given = plan.metrics.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const share = Math.max(0, 1 - given) / open;
  return { ...plan, metrics: plan.metrics.map((metric) => ({ ...metric, weight: metric.weight ?? share })) };
}
