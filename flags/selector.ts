/** The environment that a client gets that names none and shows no token; also the default of a plan. */
export const DEFAULT_ENVIRONMENT = 'production';

/** What a flagd selector says. Null: it says nothing of it. */
export interface Selector {
  environment: string | null;
  /** For providers that cannot send a header, such as flagd's of JavaScript. */
  token: string | null;
}

const WORDS = new Map<string, keyof Selector>([
  ['flagSetId', 'environment'],
  ['environment', 'environment'],
  ['token', 'token'],
]);

/**
 * Reads a flagd selector: `flagSetId=staging`, `environment=staging` or plainly `staging`, and `token=...` beside it after
 * a comma. Null for one that asks for something else, or for two environments: flags are never mixed.
 */
export function readSelector(text: string): Selector | null {
  const selector: Selector = { environment: null, token: null };
  if (text.trim() === '') return selector;
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const word = at === -1 ? 'environment' : WORDS.get(part.slice(0, at).trim());
    const value = part.slice(at + 1).trim();
    // An environment is one flag set: both words may stand there, for the same one.
    const said = word === undefined ? null : selector[word];
    if (word === undefined || value === '' || (said !== null && (said !== value || word === 'token')))
      return null;
    selector[word] = value;
  }
  return selector;
}
