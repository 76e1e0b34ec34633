import type { z } from 'zod';
import type { Path, YamlDocument } from './document.ts';
import { choicesOf, expectationAt, placeholder } from './expectation.ts';
import { type Finding, pathText } from './finding.ts';
import { type IssueText, issueText, unknownKey, valueAt } from './issue-text.ts';
import { nearest } from './nearest.ts';

/**
 * Data held against a schema. `salvaged` is what the data would be with a harmless value in each place that is wrong:
 * it serves to check the rest, and nothing else.
 */
export type Checked<T> =
  | { kind: 'ok'; value: T; findings: [] }
  | {
      kind: 'salvaged';
      value: T;
      findings: Finding[];
      /** Whether the value at a path is, or stands in, a harmless one. */
      wrong: (path: Path) => boolean;
      /** The path with its names as they stand in the file: slips of the pen were read as what they meant. */
      written: (path: Path) => Path;
    }
  | { kind: 'lost'; findings: Finding[] };

/** Enough to mend what is wrong inside of what was wrong. */
const ROUNDS = 12;

/** Parses data by a schema; every issue becomes a finding with its place and what to write there instead. */
export function parseBySchema<S extends z.ZodType>(
  schema: S,
  document: YamlDocument,
  { file, rule }: { file: string; rule: string },
): Checked<z.output<S>> {
  const first = schema.safeParse(document.data);
  if (first.success) return { kind: 'ok', value: first.data, findings: [] };
  const data: unknown = structuredClone(document.data);
  const wrong: Path[] = [];
  const renamed = new Map<string, string>();
  const written = (path: Path) => asWritten(path, renamed);
  const subject = { root: schema, data, written: (path: Path) => document.written(written(path)) };
  const isWrong = (path: Path) => wrong.some((start) => start.every((part, index) => part === path[index]));
  const findings: Finding[] = [];
  const report = ({ kind, path, message, instead, key }: IssueText) => {
    const place = document.locate(written(path), key);
    findings.push({
      severity: 'error',
      rule: `${rule}-${kind}`,
      file,
      ...place,
      path: pathText(path),
      message,
      instead,
    });
  };

  for (let round = 0; round < ROUNDS; round += 1) {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { kind: 'salvaged', value: parsed.data, findings, wrong: isWrong, written };
    const issues = parsed.error.issues.flatMap((issue) => expand(issue, data));
    const meantNow = new Set<string>();
    let mended = false;
    for (const issue of issues) {
      if (issue.code !== 'unrecognized_keys') continue;
      mended = true;
      const mapping = valueAt(data, issue.path);
      for (const name of issue.keys) {
        const { text, meant } = unknownKey(subject, issue.path, name);
        if (!isWrong(issue.path) && !restOfCall(name, mapping)) report(text);
        rename(mapping, name, meant);
        if (meant === null) continue;
        const target = JSON.stringify([...issue.path, meant]);
        renamed.set(target, name);
        meantNow.add(target);
      }
    }
    for (const issue of issues) {
      const { path } = issue;
      if (issue.code === 'unrecognized_keys' || meantNow.has(JSON.stringify(path)) || isWrong(path)) continue;
      report(issueText(subject, issue));
      if (path.length === 0) return { kind: 'lost', findings };
      mended = mend(schema, data, issue, wrong) || mended;
    }
    if (!mended) break;
  }
  return { kind: 'lost', findings };
}

/** An issue of a union of mappings is that of the alternative which fits best; zod itself says only "invalid input". */
function expand(issue: z.core.$ZodIssue, data: unknown): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const value = valueAt(data, issue.path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [issue];
  const [best] = issue.errors
    .filter((issues) => issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'))
    .sort((a, b) => a.length - b.length);
  if (best === undefined) return [issue];
  return best.flatMap((inner) => expand({ ...inner, path: [...issue.path, ...inner.path] }, data));
}

/** Puts a harmless value where the issue is, or where a mapping's kind is unknown, in place of the whole mapping. */
function mend(schema: z.ZodType, data: unknown, issue: z.core.$ZodIssue, wrong: Path[]): boolean {
  const { path } = issue;
  const wanted = expectationAt(schema, path, data);
  const [option] = wanted?.alternatives ?? [];
  if (wanted === null || option === undefined) return false;
  const isKind = issue.code === 'invalid_union' && issue.errors.length === 0;
  const near = isKind ? nearest(String(valueAt(data, path)), choicesOf(wanted).map(String)) : null;
  const at = isKind && near === null ? path.slice(0, -1) : path;
  wrong.push(at);
  const holder = valueAt(data, at.slice(0, -1));
  const last = at.at(-1);
  if (typeof holder !== 'object' || holder === null || last === undefined) return false;
  const around = at === path ? option : expectationAt(schema, at, {})?.alternatives[0];
  const value =
    near ?? (wanted.examples.length > 0 && at === path ? wanted.examples[0] : around && placeholder(around));
  (holder as Record<PropertyKey, unknown>)[last] = value;
  return true;
}

function rename(mapping: unknown, name: string, meant: string | null): void {
  if (typeof mapping !== 'object' || mapping === null) return;
  const entries = mapping as Record<string, unknown>;
  if (meant !== null) entries[meant] = entries[name];
  delete entries[name];
}

/** The path with names as they stand in the file. */
function asWritten(path: Path, renamed: ReadonlyMap<string, string>): Path {
  return path.map((part, index) => renamed.get(JSON.stringify(path.slice(0, index + 1))) ?? part);
}

/** The second half of an unquoted `min(a, b)` in { }: said at the first half. */
function restOfCall(name: string, mapping: unknown): boolean {
  if (!name.endsWith(')') || typeof mapping !== 'object' || mapping === null) return false;
  return Object.values(mapping).some((value) => typeof value === 'string' && value.startsWith('min('));
}
