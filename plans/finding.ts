/** One thing that is wrong, or a risk, and where it stands in the text that a person wrote. */
export interface Finding {
  severity: 'error' | 'warning';
  /** Stable id of the rule, such as `PLAN-MARGIN`. */
  rule: string;
  file: string;
  /** From 1. */
  line: number;
  column: number;
  /** Where in the document: `stages[2].bake`. */
  path: string;
  message: string;
  /** What to write instead; empty where only the reader can know. */
  instead: string;
}

/** `plan.yaml:12:9  error  what is wrong` and, below it, what to write instead. */
export function findingLines(finding: Finding): string[] {
  const { file, line, column, severity, message, instead, rule, path } = finding;
  const at = path === '' ? '' : `${path}: `;
  const first = `${file}:${line}:${column}  ${severity}  ${at}${message}  [${rule}]`;
  return instead === '' ? [first] : [first, `    instead: ${instead}`];
}

/** The same on one line, for problem details. */
export function findingText(finding: Finding): string {
  const { file, line, column, path, message, instead } = finding;
  const at = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${at}${message}${instead === '' ? '' : `. Instead: ${instead}`}`;
}

/** In the order of the text, each once: an alias can lead to the same place twice. */
export function inOrder<F extends Finding>(findings: readonly F[]): F[] {
  const key = ({ line, column, rule, message }: F) => `${line}:${column}:${rule}:${message}`;
  const once = new Map(findings.map((finding) => [key(finding), finding]));
  return [...once.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** `['stages', 2, 'bake']` → `stages[2].bake`; names that are no words stand in quotes. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const name = String(part);
    if (!/^[\w-]+$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
}
