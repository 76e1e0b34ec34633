/** One thing that is wrong, or a risk, and where it stands in the text that a person wrote. */
export interface Finding {
  severity: 'error' | 'warning';
  /** Stable id of the rule, such as `PLAN-UNIT`. */
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
  return [`${file}:${line}:${column}  ${severity}  ${at}${message}  [${rule}]`, ...(instead === '' ? [] : [`    instead: ${instead}`])];
}

/** The same on one line, for problem details. */
export function findingText(finding: Finding): string {
  const { file, line, column, path, message, instead } = finding;
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}${instead === '' ? '' : `. Instead: ${instead}`}`;
}
