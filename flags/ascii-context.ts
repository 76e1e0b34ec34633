const BEYOND_ASCII = /[^\0-\x7f]+/g;

/**
 * The same as `asciiKey` of the client, which imports nothing of the house: beyond ASCII the evaluators of the
 * languages hash a key differently, so each character there becomes its UTF-8 bytes as `%C3%BC`.
 */
export function asciiText(text: string): string {
  return text.toWellFormed().replace(BEYOND_ASCII, encodeURIComponent);
}

/** A context with all its texts in ASCII, at every depth: whatever attribute a flag sticks to is among them. */
export function asciiContext<T>(context: T): T;
export function asciiContext(value: unknown): unknown {
  if (typeof value === 'string') return asciiText(value);
  if (Array.isArray(value)) return value.map((item: unknown) => asciiContext(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asciiContext(item)]));
}

/** Values as a definition names them: a client may send either spelling. */
export function spellings(values: readonly string[]): string[] {
  return [...new Set([...values, ...values.map(asciiText)])];
}
