import { readYaml, type YamlDocument } from './document.ts';
import { type Finding, inOrder, pathText } from './finding.ts';
import { Plan } from './plan.ts';
import type { Note } from './review/context.ts';
import { reviewPlan } from './review.ts';
import { isTested } from './stages.ts';
import { withWaves } from './waves.ts';
import { parseBySchema } from './zod-findings.ts';

export type PlanResult =
  | { kind: 'ok'; plan: Plan; warnings: Finding[] }
  | { kind: 'invalid'; findings: Finding[] };

/**
 * A plan from its YAML text. All that is wrong is found at once, each with file, line, column and what to write
 * instead; `file` is only the name shown. Weights that the plan leaves out are filled in.
 */
export function parsePlan(text: string, file: string): PlanResult {
  const document = readYaml(text, { file, rule: 'PLAN-YAML' });
  if (!document.readable) return { kind: 'invalid', findings: inOrder(document.problems) };
  const data = document.data ?? {};
  const checked = parseBySchema(Plan, { ...document, data }, { file, rule: 'PLAN' });
  const findings = [...document.problems, ...checked.findings];
  if (checked.kind === 'lost') return { kind: 'invalid', findings: inOrder(findings) };
  const written = checked.kind === 'salvaged' ? checked.written : (path: Note['path']) => path;
  const wrong = checked.kind === 'salvaged' ? checked.wrong : () => false;
  const notes = reviewPlan(checked.value, wrong)
    .filter(({ path, severity }) => !wrong(path) && (severity === 'error' || findings.length === 0))
    .map((note) => place({ ...note, path: written(note.path) }, document, file));
  const all = inOrder([...findings, ...notes]);
  if (all.some(({ severity }) => severity === 'error')) return { kind: 'invalid', findings: all };
  return { kind: 'ok', plan: withWaves(withWeights(checked.value)), warnings: all };
}

function place(
  { severity, rule, path, message, instead, key, inside }: Note,
  document: YamlDocument,
  file: string,
): Finding {
  const at = inside === null ? document.locate(path, key) : document.locateInside(path, inside);
  return { severity, rule, file, ...at, path: pathText(path), message, instead };
}

/** Tested metrics without a weight share what the others leave. */
function withWeights(plan: Plan): Plan {
  const tested = plan.metrics.filter((metric) => isTested(plan, metric));
  const open = tested.filter(({ weight }) => weight === undefined).length;
  const given = tested.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const fill = (metric: Plan['metrics'][number]) =>
    metric.weight === undefined && tested.includes(metric)
      ? { ...metric, weight: (1 - given) / open }
      : metric;
  return { ...plan, metrics: plan.metrics.map(fill) };
}
