/** The environment that a client without a selector gets; also the default of a plan. */
export const DEFAULT_ENVIRONMENT = 'production';

/**
 * The environment that a flagd selector asks for: `flagSetId=staging`, or plainly `staging`. Null for a selector that
 * asks for something else. Nothing asked is `production`, whatever other environments there are or come to be: flags of
 * two environments are never mixed.
 */
export function environmentOf(selector: string): string | null {
  const wanted = selector.trim();
  if (wanted === '') return DEFAULT_ENVIRONMENT;
  const at = wanted.indexOf('=');
  if (at === -1) return wanted;
  const value = wanted.slice(at + 1).trim();
  return wanted.slice(0, at).trim() === 'flagSetId' && value !== '' && !value.includes(',') ? value : null;
}
