import type { z } from 'zod';
import { advise, describe } from './advice.ts';
import type { Path } from './document.ts';
import { type Expectation, expectationAt, homesOf, keysOf } from './expectation.ts';
import { nearest } from './nearest.ts';

/** One issue of a schema in words: `kind` ends the rule's id, `key` tells that the name is meant and not its value. */
export interface IssueText {
  kind: 'KEY' | 'MISSING' | 'UNIT' | 'VALUE';
  path: Path;
  message: string;
  instead: string;
  key: boolean;
}

interface Subject {
  root: z.ZodType;
  data: unknown;
  /** The value at a path as it stands in the file. */
  written(path: Path): string | undefined;
}

const UNITS = [
  'duration',
  'difference',
  'percentage',
  'number of percentage points',
  'number of percent',
  'limit',
];

/** A name that the mapping at `path` does not know. `meant`: the known one that it is most likely a slip of. */
export function unknownKey(
  subject: Subject,
  path: Path,
  name: string,
): { text: IssueText; meant: string | null } {
  const { root, data } = subject;
  const mapping = valueAt(data, path);
  const expectation = expectationAt(root, path, data);
  const known = expectation === null ? [] : keysOf(expectation, mapping);
  const free = known.filter(
    (key) => typeof mapping === 'object' && mapping !== null && !Object.hasOwn(mapping, key),
  );
  const meant = nearest(name, free) ?? nearest(name, known);
  const homes = homesOf(root, name);
  const instead =
    meant === null
      ? homes.length > 0
        ? `move it: it is known as ${homes.slice(0, 3).join(', ')}`
        : known.length === 0
          ? 'take it out'
          : `take it out, or one of ${known.join(', ')}`
      : `did you mean \`${meant}\`?`;
  const text = {
    kind: 'KEY',
    path: [...path, name],
    message: `there is no \`${name}\` here`,
    instead,
    key: true,
  } as const;
  return { text, meant: meant !== null && free.includes(meant) ? meant : null };
}

/** What is wrong with the value at the issue's path, and what to write instead. */
export function issueText(subject: Subject, issue: z.core.$ZodIssue): IssueText {
  const { root, data } = subject;
  const { path } = issue;
  const value = valueAt(data, path);
  const wanted = expectationAt(root, path, data) ?? { alternatives: [], title: null, examples: [] };
  const name = String(path.at(-1) ?? 'the file');
  if (value === undefined) {
    const instead = `add \`${name}:\` with ${describe(wanted)}`;
    return { kind: 'MISSING', path, message: `\`${name}\` is missing`, instead, key: false };
  }
  if (value === null) {
    return { kind: 'MISSING', path, message: `\`${name}\` is empty`, instead: describe(wanted), key: true };
  }
  const kind = wanted.title !== null && UNITS.includes(wanted.title) ? 'UNIT' : 'VALUE';
  const written = subject.written(path);
  // A value from the environment may be a secret: it is shown as it was written, and never put into advice.
  const filled = written?.includes('${') === true;
  const message = messageOf(issue, value, { wanted, shown: filled ? written : show(value) });
  const instead = filled ? describe(wanted) : advise(wanted, value, written);
  return { kind, path, message, instead, key: false };
}

function messageOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  { wanted, shown }: { wanted: Expectation; shown: string },
): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'too_small' && Array.isArray(value)) return 'the list is empty';
  if (issue.code === 'too_small' && value === '') return 'the text is empty';
  if (issue.code === 'too_big' && typeof value === 'string')
    return `the text has more than ${issue.maximum} characters`;
  if (issue.code === 'too_small')
    return `${shown} is too small: ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  if (issue.code === 'too_big')
    return `${shown} is too large: ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
  if (wanted.title !== null) return `${shown} is no ${wanted.title}`;
  return `${shown} does not fit here`;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What stands at a path of plain data; undefined where nothing does. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
