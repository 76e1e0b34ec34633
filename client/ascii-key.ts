import type { EvaluationContext, Hook } from '@openfeature/server-sdk';

const BEYOND_ASCII = /[^\0-\x7f]+/g;

/**
 * A key that every flagd evaluator hashes to the same cohort: beyond ASCII the hashes of the languages differ. An ASCII
 * key stays as it is; every other character becomes its UTF-8 bytes as `%C3%BC`. Doing it twice changes nothing.
 */
export function asciiKey(key: string): string {
  return key.toWellFormed().replace(BEYOND_ASCII, encodeURIComponent);
}

/**
 * Hands every text of the evaluation context to the provider in ASCII: the `targetingKey` and whatever attribute a flag
 * sticks to. Tidegate's segments know both spellings of their values.
 */
export const asciiKeyHook: Hook = {
  before({ context }) {
    return Object.fromEntries(
      Object.entries(context).flatMap(([name, value]) => {
        const ascii = inAscii(value);
        return ascii === value ? [] : [[name, ascii]];
      }),
    ) as EvaluationContext;
  },
};

/** The very same value where nothing had to change. */
function inAscii(value: unknown): unknown {
  if (typeof value === 'string') return asciiKey(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.some((item) => inAscii(item) !== item) ? value.map(inAscii) : value;
  const entries = Object.entries(value).map(([name, item]) => [name, item, inAscii(item)] as const);
  if (entries.every(([, item, ascii]) => item === ascii)) return value;
  return Object.fromEntries(entries.map(([name, , ascii]) => [name, ascii]));
}
