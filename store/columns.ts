import { customType } from 'drizzle-orm/pg-core';

/**
 * PostgreSQL takes neither NUL nor half a surrogate pair, in text or in jsonb. A reason that somebody pasted
 * must not keep a rollout from recording its step, so such characters become U+FFFD on the way in.
 */
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const UNSTORABLE_ESCAPE = /\\u(?:0000|d[89a-f])/i;

/** Text that PostgreSQL takes. */
export function storable(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}

function storableTree(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableTree);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storableTree(item)]));
}

/** JSON text as it is stored. Also the form in which two values are compared. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return UNSTORABLE_ESCAPE.test(text) ? JSON.stringify(storableTree(JSON.parse(text))) : text;
}

/** Text of any length. */
export const words = customType<{ data: string; driverData: string }>({
  dataType: () => 'text',
  toDriver: storable,
});

/** A JSON value, typed by `$type`. */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: storableJson,
});

/** A moment as milliseconds since 1970 in the program, as `timestamptz` in the database. */
export const moment = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  toDriver: (milliseconds) => new Date(milliseconds).toISOString(),
  fromDriver: (text) => new Date(text).getTime(),
});
