import type { EvaluationContext, Hook } from '@openfeature/server-sdk';

const BEYOND_ASCII = /[^\0-\x7f]+/g;
/** Not global, so that a test keeps no place. */
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * A key that every flagd evaluator hashes to the same cohort: beyond ASCII the hashes of the languages differ. An ASCII
 * key stays as it is; every other character becomes its UTF-8 bytes as `%C3%BC`. Doing it twice changes nothing.
 */
export function asciiKey(key: string): string {
  return key.toWellFormed().replace(BEYOND_ASCII, encodeURIComponent);
}

/**
 * Hands every text of the evaluation context to a provider in ASCII: the `targetingKey` and whatever attribute a flag
 * sticks to. Tidegate's segments know both spellings of their values. `flagProvider` does the same without a hook.
 */
export const asciiKeyHook: Hook = {
  before({ context }) {
    const ascii = asciiContext(context);
    return ascii === context ? undefined : ascii;
  },
};

/** The context with every text in ASCII, at every depth; the very same object where nothing has to change, as mostly. */
export function asciiContext(context: EvaluationContext): EvaluationContext {
  // Every evaluation pays for this: nothing is made before something has to change.
  if (isAscii(context)) return context;
  return Object.fromEntries(
    Object.entries(context).map(([name, value]) => [name, inAscii(value)]),
  ) as EvaluationContext;
}

function isAscii(value: unknown): boolean {
  if (typeof value === 'string') return !NOT_ASCII.test(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return true;
  for (const name in value) if (!isAscii(Reflect.get(value, name))) return false;
  return true;
}

function inAscii(value: unknown): unknown {
  if (typeof value === 'string') return asciiKey(value);
  if (isAscii(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inAscii);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inAscii(item)]));
}
