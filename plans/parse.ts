import { type AllowedFinding, judge } from './allowed.ts';
import { type Path, readYaml, type YamlDocument } from './document.ts';
import { type Finding, inOrder, pathText } from './finding.ts';
import { TOLD } from './names.ts';
import { Plan } from './plan.ts';
import type { Note, Remark, Warn } from './review/context.ts';
import { reviewPlan } from './review.ts';
import type { Knowledge } from './risks.ts';
import { isTested } from './stages.ts';
import { asWritten, withWaves } from './waves.ts';
import { parseBySchema } from './zod-findings.ts';

/** What is known beside the text, and the risks that it shows. */
export interface Beside {
  knows: Knowledge;
  review: (plan: Plan, warn: Warn) => void;
}

export interface SoundPlan {
  kind: 'ok';
  plan: Plan;
  /** Risks that the plan does not allow. */
  warnings: Finding[];
  allowed: AllowedFinding[];
  /** Where a path of the plan stands in the text. */
  written: (path: Path) => Path;
  /** The same with what is known beside the text. */
  with: (beside: Beside) => SoundPlan;
}

export type PlanResult = SoundPlan | { kind: 'invalid'; findings: Finding[] };

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
  const plan = withWaves(withWeights(checked.value));
  return soundPlan({
    plan,
    written: asWritten(checked.value),
    risks: all,
    known: [],
    later: onceItActs(checked.value),
    finding: (note) => place(note, document, file),
  });
}

interface Reviewed {
  plan: Plan;
  written: SoundPlan['written'];
  risks: readonly Finding[];
  known: readonly Knowledge[];
  later: ReadonlySet<string>;
  finding: (note: Note) => Finding;
}

function soundPlan({ plan, written, risks, known, later, finding }: Reviewed): SoundPlan {
  const { open, allowed, unused } = judge(risks, { allow: plan.allow, known, later });
  const idle = unused.map((index) =>
    finding(
      noteOf(['allow', index, 'rule'], {
        rule: 'PLAN-ALLOW-UNUSED',
        message: idleText(plan, index),
        instead: 'take it out',
      }),
    ),
  );
  return {
    kind: 'ok',
    plan,
    warnings: inOrder([...open, ...idle]),
    allowed,
    written,
    with({ knows, review }) {
      const more: Finding[] = [];
      review(plan, (path, remark) => {
        const found = finding(noteOf(written(path), remark));
        // What a stage says is said once, however many waves it has.
        if (
          !more.some(
            (one) => one.path === found.path && one.message === found.message && one.rule === found.rule,
          )
        )
          more.push(found);
      });
      return soundPlan({
        plan,
        written,
        risks: inOrder([...risks, ...more]),
        known: [...known, knows],
        later,
        finding,
      });
    },
  };
}

/** The rules that a plan which only watches breaks on the day on which it acts. */
function onceItActs(plan: Plan): ReadonlySet<string> {
  if (plan.mode === 'act') return new Set();
  const provider = plan.flag.provider === TOLD ? 'embedded' : plan.flag.provider;
  const acting: Plan = { ...plan, mode: 'act', flag: { ...plan.flag, provider } };
  return new Set(reviewPlan(acting, () => false).map(({ rule }) => rule));
}

function idleText({ allow }: Plan, index: number): string {
  const rule = allow[index]?.rule ?? '';
  const again = allow.findIndex((other) => other.rule === rule) < index;
  return again ? `${rule} is allowed already` : `nothing in this plan breaks ${rule}`;
}

function noteOf(path: Note['path'], remark: Remark): Note {
  return { ...remark, severity: 'warning', path, key: remark.key ?? false, inside: remark.inside ?? null };
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
