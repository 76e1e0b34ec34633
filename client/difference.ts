/** Where two results differ first; list indexes are left out of the name, so that it is the same for all elements. */
export interface Difference {
  /** `lines[].total`, `shipping`; `result` for the whole. */
  name: string;
  baseline: unknown;
  canary: unknown;
}

/** Deeper than this, results are taken as different: they are circular, or too large to compare. */
const DEEPEST = 100;

/**
 * The first difference between two results, or null. Compares data: own enumerable fields, elements in their order,
 * dates, maps, sets and bytes; a field that is undefined equals one that is absent, as in JSON; NaN equals NaN.
 */
export function difference(baseline: unknown, canary: unknown): Difference | null {
  return compare([baseline, canary], { at: '', depth: 0 });
}

interface Place {
  at: string;
  depth: number;
}

function compare([a, b]: readonly [unknown, unknown], { at, depth }: Place): Difference | null {
  if (Object.is(a, b) || a === b) return null;
  const here: Difference = { name: at === '' ? 'result' : at, baseline: a, canary: b };
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth >= DEEPEST)
    return here;
  const [left, right] = [plain(a), plain(b)];
  if (left.kind !== right.kind) return here;
  if (left.kind === 'value' || right.kind === 'value') {
    return left.value === right.value ? null : here;
  }
  const place = { at, depth: depth + 1 };
  if (left.kind === 'list' || right.kind === 'list') {
    return lists([left.value as unknown[], right.value as unknown[]], place);
  }
  return fields([left.value as Fields, right.value as Fields], place);
}

type Fields = Record<string, unknown>;

function lists([a, b]: readonly [unknown[], unknown[]], { at, depth }: Place): Difference | null {
  if (a.length !== b.length) return { name: `${at}.length`, baseline: a.length, canary: b.length };
  for (let i = 0; i < a.length; i++) {
    const found = compare([a[i], b[i]], { at: `${at}[]`, depth });
    if (found !== null) return found;
  }
  return null;
}

function fields([a, b]: readonly [Fields, Fields], { at, depth }: Place): Difference | null {
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = compare([a[key], b[key]], { at: at === '' ? key : `${at}.${key}`, depth });
    if (found !== null) return found;
  }
  return null;
}

type Plain =
  | { kind: 'value'; value: unknown }
  | { kind: 'list'; value: readonly unknown[] }
  | { kind: 'fields'; value: object };

function plain(value: object): Plain {
  if (Array.isArray(value)) return { kind: 'list', value };
  if (value instanceof Date) return { kind: 'value', value: `date ${value.getTime()}` };
  if (value instanceof RegExp) return { kind: 'value', value: String(value) };
  if (value instanceof Map) return { kind: 'list', value: [...value.entries()] };
  if (value instanceof Set) return { kind: 'list', value: [...value] };
  if (ArrayBuffer.isView(value)) {
    return {
      kind: 'value',
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
    };
  }
  // An error's fields are not enumerable, and its stack is where it was made.
  if (value instanceof Error) return { kind: 'fields', value: { name: value.name, message: value.message } };
  return { kind: 'fields', value };
}
