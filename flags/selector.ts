/** The environment that a client gets that names none and shows no token; also the default of a plan. */
export const DEFAULT_ENVIRONMENT = 'production';

/** Which flags are asked for. `flagSet` null: all of the environment. */
export interface Scope {
  environment: string;
  flagSet: string | null;
}

/** What a flagd selector says. Null: it says nothing of it. */
export interface Selector {
  environment: string | null;
  flagSetId: string | null;
  /** For providers that cannot send a header, such as flagd's of JavaScript. */
  token: string | null;
}

const WORDS = ['environment', 'flagSetId', 'token'] as const;

/**
 * Reads a flagd selector: `environment=staging`, `flagSetId=checkout` and `token=...`, each once, after commas; plainly
 * `staging` is `environment=staging`. Null for one that asks for something else.
 */
export function readSelector(text: string): Selector | null {
  const selector: Selector = { environment: null, flagSetId: null, token: null };
  if (text.trim() === '') return selector;
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const name = at === -1 ? 'environment' : part.slice(0, at).trim();
    const word = WORDS.find((known) => known === name);
    const value = part.slice(at + 1).trim();
    if (word === undefined || value === '' || selector[word] !== null) return null;
    selector[word] = value;
  }
  return selector;
}

/** What the address of a request names itself; null: it leaves that to the selector. */
export interface Addressed {
  environment: string | null;
  flagSetId: string | null;
}

/**
 * Where an environment is named beside it, `flagSetId` is one of its flag sets; alone it is the environment, which is
 * the flag set of all its flags.
 */
export function selected(
  selector: Pick<Selector, 'environment' | 'flagSetId'>,
  address: Addressed = { environment: null, flagSetId: null },
): { environment: string | null; flagSet: string | null } {
  const environment = address.environment ?? selector.environment;
  const flagSetId = address.flagSetId ?? selector.flagSetId;
  if (environment === null) return { environment: flagSetId, flagSet: null };
  return { environment, flagSet: flagSetId === environment ? null : flagSetId };
}
