import { z } from 'zod';
import { type Path, pathText, type YamlDocument } from './document.ts';
import type { Finding } from './finding.ts';

/** The part of a JSON Schema that says what a place in a document may hold. */
interface Shape {
  type?: string | undefined;
  title?: string | undefined;
  description?: string | undefined;
  examples?: unknown[] | undefined;
  enum?: unknown[] | undefined;
  const?: unknown;
  minimum?: number | undefined;
  maximum?: number | undefined;
  properties?: Record<string, Shape> | undefined;
  additionalProperties?: Shape | boolean | undefined;
  items?: Shape | undefined;
  anyOf?: Shape[] | undefined;
  oneOf?: Shape[] | undefined;
}

/** Parses data by a schema; every issue becomes a finding with its place and what to write there instead. */
export function parseBySchema<S extends z.ZodType>(
  schema: S,
  document: YamlDocument,
  given: { file: string; rule: string },
): { kind: 'ok'; value: z.output<S> } | { kind: 'invalid'; findings: Finding[] } {
  const parsed = schema.safeParse(document.data, { reportInput: true });
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
  return { kind: 'invalid', findings: parsed.error.issues.flatMap((issue) => fromIssue(issue, shape, document, given)) };
}

function fromIssue(issue: z.core.$ZodIssue, root: Shape, document: YamlDocument, given: { file: string; rule: string }): Finding[] {
  const { file, rule } = given;
  const make = (kind: string, path: Path, message: string, instead: string, key = false): Finding => ({
    severity: 'error',
    rule: `${rule}-${kind}`,
    file,
    ...document.locate(path, key),
    path: pathText(path),
    message,
    instead,
  });
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(root, issue.path, document.data);
    return issue.keys.map((name) => make('KEY', [...issue.path, name], `there is no "${name}" here`, suggestion(name, known), true));
  }
  const shape = shapesAt(root, issue.path, document.data);
  const wanted = describe(shape);
  const input = issue.input;
  if (input === undefined) return [make('MISSING', issue.path, 'it is missing', wanted === '' ? '' : `write ${wanted}`)];
  if (issue.code === 'custom') return [make('VALUE', issue.path, issue.message, wanted)];
  if (issue.code === 'invalid_union' && typeof input === 'object' && input !== null) {
    const [inner] = issue.errors.filter((list) => list.length > 0).toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
    if (inner !== undefined && inner.length > 0) {
      return inner.flatMap((one) => fromIssue({ ...one, path: [...issue.path, ...one.path] }, root, document, given));
    }
  }
  return [make(issue.code === 'invalid_type' ? 'TYPE' : 'VALUE', issue.path, `${show(input)} does not fit here${range(issue)}`, wanted)];
}

function depth(issues: readonly { path: PropertyKey[] }[]): number {
  return Math.max(...issues.map(({ path }) => path.length));
}

function range(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big') return `: at most ${String(issue.maximum)}`;
  if (issue.code === 'too_small') return issue.inclusive === false ? `: more than ${String(issue.minimum)}` : `: at least ${String(issue.minimum)}`;
  return '';
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Every shape that the schema allows at a place; alternatives are told apart by the `kind` that the document has. */
function shapesAt(root: Shape, path: Path, data: unknown): Shape[] {
  let shapes = alternatives(root, data);
  let value = data;
  for (const part of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined;
    shapes = shapes
      .flatMap((shape) => (typeof part === 'number' ? [shape.items] : [shape.properties?.[String(part)] ?? shape.additionalProperties]))
      .filter((shape) => typeof shape === 'object')
      .flatMap((shape) => alternatives(shape, value));
  }
  return shapes;
}

function alternatives(shape: Shape, value: unknown): Shape[] {
  const options = shape.anyOf ?? shape.oneOf;
  if (options === undefined) return [shape];
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  const fitting = options.filter((option) => option.properties?.kind?.const === kind && kind !== undefined);
  return (fitting.length > 0 ? fitting : options).flatMap((option) => alternatives({ ...pick(shape), ...option }, value));
}

function pick({ title, examples, description }: Shape): Shape {
  return { title, examples, description };
}

function keysAt(root: Shape, path: Path, data: unknown): string[] {
  return [...new Set(shapesAt(root, path, data).flatMap((shape) => Object.keys(shape.properties ?? {})))];
}

/** What may stand at a place, in words: from titles, examples, enumerations and ranges. */
function describe(shapes: readonly Shape[]): string {
  const texts = shapes.map((shape) => {
    if (shape.const !== undefined) return show(shape.const);
    if (shape.enum !== undefined) return `one of ${shape.enum.map(String).join(', ')}`;
    const examples = shape.examples === undefined ? '' : ` such as ${shape.examples.map(String).join(', ')}`;
    if (shape.title !== undefined) return `a ${shape.title}${examples}`;
    if (shape.properties !== undefined) return `a mapping with ${Object.keys(shape.properties).slice(0, 6).join(', ')}`;
    return shape.type === undefined ? '' : `a ${shape.type === 'array' ? 'list' : shape.type}${examples}`;
  });
  return [...new Set(texts.filter((text) => text !== ''))].join(' or ');
}

function suggestion(name: string, known: readonly string[]): string {
  const near = known.map((key) => ({ key, far: distance(name.toLowerCase(), key.toLowerCase()) })).toSorted((a, b) => a.far - b.far)[0];
  if (near !== undefined && near.far <= Math.max(2, Math.floor(name.length / 3))) return `did you mean "${near.key}"?`;
  return known.length === 0 ? 'take it out' : `one of ${known.join(', ')}`;
}

/** Edits between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
