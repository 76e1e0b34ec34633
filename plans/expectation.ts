import { z } from 'zod';
import type { Path } from './document.ts';

/** What a schema wants at one place: its alternatives without optional, default and the like around them. */
export interface Expectation {
  alternatives: z.ZodType[];
  /** What it is called, such as `duration`. */
  title: string | null;
  examples: readonly unknown[];
}

/** What the schema wants at `path`; null where it allows nothing. `data` tells the alternatives on the way apart. */
export function expectationAt(root: z.ZodType, path: Path, data: unknown): Expectation | null {
  let expectation = expectationOf(root);
  let value = data;
  for (const part of path) {
    const inner = fitting(expectation, value).flatMap((schema) => inside(schema, part));
    const [first, ...more] = inner;
    if (first === undefined) return null;
    value = memberOf(value, part);
    const all = [first, ...more].map(expectationOf);
    const named = all.find(({ title }) => title !== null);
    expectation = {
      alternatives: all.flatMap(({ alternatives }) => alternatives),
      title: named?.title ?? null,
      examples: named?.examples ?? all.flatMap(({ examples }) => examples),
    };
  }
  return expectation;
}

/** The names that the mappings among the alternatives know. */
export function keysOf(expectation: Expectation, value: unknown): string[] {
  const shapes = fitting(expectation, value).filter((schema) => schema instanceof z.ZodObject);
  return [...new Set(shapes.flatMap((schema) => Object.keys(schema.shape)))];
}

/** The names that a mapping must have. */
export function requiredOf(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, inner]) => !z.safeParse(inner, undefined).success)
    .map(([key]) => key);
}

/** The fixed texts and numbers among the alternatives. */
export function choicesOf({ alternatives }: Expectation): (string | number)[] {
  return alternatives.flatMap((schema) => {
    const values =
      schema instanceof z.ZodEnum ? schema.options : schema instanceof z.ZodLiteral ? [...schema.values] : [];
    return values.filter((value) => typeof value === 'string' || typeof value === 'number');
  });
}

/** Where in the schema a name is known: `stages[].percent`, `metadata.owner`. For names in the wrong place. */
export function homesOf(root: z.ZodType, name: string): string[] {
  const homes: string[] = [];
  const walk = (schema: z.ZodType, at: string, depth: number): void => {
    if (depth > 6) return;
    for (const option of expectationOf(schema).alternatives) {
      if (option instanceof z.ZodArray) walk(asType(option.element), `${at}[]`, depth + 1);
      if (option instanceof z.ZodRecord) walk(asType(option.valueType), `${at}.NAME`, depth + 1);
      if (!(option instanceof z.ZodObject)) continue;
      for (const [key, inner] of Object.entries(option.shape)) {
        const path = at === '' ? key : `${at}.${key}`;
        if (key === name) homes.push(path);
        walk(asType(inner), path, depth + 1);
      }
    }
  };
  walk(root, '', 0);
  return [...new Set(homes)];
}

/** A value that the schema accepts, to go on checking in the place of one that it refuses; undefined: none is known. */
export function placeholder(schema: z.ZodType): unknown {
  const { alternatives, examples } = expectationOf(schema);
  if (examples.length > 0) return examples[0];
  const [option] = alternatives;
  if (option instanceof z.ZodEnum) return option.options[0];
  if (option instanceof z.ZodLiteral) return option.value;
  if (option instanceof z.ZodArray) return [placeholder(asType(option.element))];
  if (option instanceof z.ZodRecord) return {};
  if (option instanceof z.ZodObject) {
    const entries = requiredOf(option).map((key) => [key, placeholder(asType(option.shape[key]))]);
    return Object.fromEntries(entries) as unknown;
  }
  return HARMLESS.find((value) => schema.safeParse(value).success);
}

const HARMLESS = [1, 0.5, 0, 'x', '2026-01-01', 'http://localhost', false];

function expectationOf(schema: z.ZodType): Expectation {
  const meta = z.globalRegistry.get(schema);
  const examples: readonly unknown[] = Array.isArray(meta?.examples) ? meta.examples : [];
  const given = { title: meta?.title ?? null, examples };
  if (schema instanceof z.ZodUnion) {
    return {
      ...given,
      alternatives: schema.options.flatMap((option) => expectationOf(asType(option)).alternatives),
    };
  }
  const wrapped = unwrap(schema);
  if (wrapped === null) return { ...given, alternatives: [schema] };
  const inner = expectationOf(wrapped);
  return given.title === null && given.examples.length === 0 ? inner : { ...inner, ...given };
}

function unwrap(schema: z.ZodType): z.ZodType | null {
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable;
  if (isWrapper) return asType(schema.unwrap());
  return schema instanceof z.ZodPipe ? asType(schema.in) : null;
}

/** Of several mappings the one whose fixed `kind` the value has; all when that says nothing. */
function fitting({ alternatives }: Expectation, value: unknown): z.ZodType[] {
  const kind = memberOf(value, 'kind');
  const same = alternatives.filter((schema) => {
    const fixed: unknown = schema instanceof z.ZodObject ? schema.shape.kind : undefined;
    return fixed instanceof z.ZodLiteral && fixed.values.has(kind as string);
  });
  return same.length > 0 ? same : alternatives;
}

function inside(schema: z.ZodType, part: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodArray) return [asType(schema.element)];
  if (schema instanceof z.ZodRecord) return [asType(schema.valueType)];
  const inner: unknown = schema instanceof z.ZodObject ? schema.shape[String(part)] : undefined;
  return inner instanceof z.ZodType ? [inner] : [];
}

function memberOf(value: unknown, part: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
  return (value as Record<PropertyKey, unknown>)[part];
}

/** zod types the inside of a schema by its core; every schema of this program is a classic one. */
function asType(schema: unknown): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new TypeError('not a schema');
}
