import { z } from 'zod';
import { DrillRun } from '../../plans/drill.ts';
import { Exposure } from '../../plans/exposure.ts';
import { FAILURES } from '../../plans/failures.ts';
import { FlagDefinitionText } from '../../plans/flag/spec.ts';
import { Cause, JournalEntry } from '../../plans/journal.ts';
import { RolloutView } from '../../plans/view.ts';
import { FlagDetail } from '../api/flags.ts';
import { BoardEvent, Live, LiveEvent, Problem } from '../api.ts';

type Direction = 'input' | 'output';

/** Shapes that stand in many places, and those of what is sent in streams and refusals. */
const NAMED: readonly [name: string, shape: z.ZodType, direction: Direction][] = [
  ['Exposure', Exposure, 'output'],
  ['Cause', Cause, 'output'],
  ['JournalEntry', JournalEntry, 'output'],
  ['DrillRun', DrillRun, 'output'],
  ['RolloutView', RolloutView, 'output'],
  ['Live', Live, 'output'],
  ['LiveEvent', LiveEvent, 'output'],
  ['BoardEvent', BoardEvent, 'output'],
  ['Problem', Problem, 'output'],
  ['FlagDefinition', FlagDefinitionText, 'output'],
  ['FlagDefinitionInput', FlagDefinitionText, 'input'],
  ['FlagDetail', FlagDetail, 'output'],
];

/** The document with each named shape once, under `components.schemas`. */
export function withShapes<T extends { components: Record<string, unknown> }>(document: T): T {
  const plain = NAMED.map(([name, shape, io]): [string, unknown] => [name, plainSchema(shape, io)]);
  const own = Object.fromEntries(NAMED.flatMap(([, shape, io]) => recursive(shape, io)));
  const known = new Map(plain.map(([name, schema]) => [fingerprint(schema), name]));
  const referred = (node: unknown, itself?: string): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    const name = Array.isArray(node) ? undefined : known.get(fingerprint(node));
    if (name !== undefined && name !== itself) return { $ref: `#/components/schemas/${name}` };
    if (Array.isArray(node)) return node.map((item) => referred(item));
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, referred(item)]));
  };
  const schemas = Object.fromEntries(plain.map(([name, schema]) => [name, referred(schema, name)]));
  const paths = referred(Object.entries(document).filter(([key]) => key !== 'components'));
  return {
    ...(Object.fromEntries(paths as [string, unknown][]) as T),
    components: {
      ...document.components,
      schemas: {
        ...own,
        ...schemas,
        Problem: described(schemas['Problem']),
      },
    },
  };
}

function described(problem: unknown): object {
  const { properties, ...rest } = problem as { properties: Record<string, object> };
  return {
    description: 'RFC 9457 problem details. The command line documents what to do at each code.',
    ...rest,
    properties: { ...properties, code: { type: 'string', enum: Object.keys(FAILURES) } },
  };
}

/** What stands in a shape of itself, such as any JSON value. */
function recursive(shape: z.ZodType, io: Direction): [name: string, schema: unknown][] {
  const { $defs = {} } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return Object.entries($defs).map(([name, schema]) => [name.replace('__', ''), asRoutesSay(schema)]);
}

function plainSchema(shape: z.ZodType, io: Direction): object {
  const { $schema: _, $defs: _defs, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return asRoutesSay(schema) as object;
}

/** In the words of fastify-type-provider-zod: a constant is an enum of one, a recursive shape stands in the components. */
function asRoutesSay(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(asRoutesSay);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (key === 'const') return ['enum', [value]];
      if (key === '$ref') return [key, String(value).replace('#/$defs/__', '#/components/schemas/')];
      return [key, asRoutesSay(value)];
    }),
  );
}

/** The same for the same content, whatever the order of its keys. */
function fingerprint(node: unknown): string {
  return JSON.stringify(node, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
