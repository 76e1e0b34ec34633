import { DEFAULT_ENVIRONMENT } from './selector.ts';

/** Whether a request for flags is answered. */
export type Verdict =
  | { kind: 'allowed'; environment: string; tokenId: string | null }
  | { kind: 'refused'; why: string }
  | { kind: 'elsewhere'; why: string };

/** What a request shows. `environment` null: none named. */
export interface Shown {
  environment: string | null;
  token: string | null;
}

/** Who may read the flags of which environment. */
export interface FlagAccess {
  /** `off`: everybody who reaches the port. */
  readonly auth: 'off' | 'tokens';
  /** Without an environment named, a token's own is meant. */
  check(shown: Shown): Promise<Verdict>;
  /** The same for an event stream, by what `ticket` gave. */
  checkTicket(shown: { environment: string | null; ticket: string }): Verdict;
  /** Null where none is needed. */
  ticket(tokenId: string | null): string | null;
  /** Whether what was allowed to this token still is. */
  stands(tokenId: string | null): boolean;
  /** Told when some token may have ended. */
  subscribe(listener: () => void): () => void;
  stop(): Promise<void>;
}

/** For loopback: no token is asked for, and one that is shown is not looked at. */
export const openAccess: FlagAccess = {
  auth: 'off',
  check: async ({ environment }) => allowed(environment),
  checkTicket: ({ environment }) => allowed(environment),
  ticket: () => null,
  stands: () => true,
  subscribe: () => () => undefined,
  stop: async () => undefined,
};

function allowed(environment: string | null): Verdict {
  return { kind: 'allowed', environment: environment ?? DEFAULT_ENVIRONMENT, tokenId: null };
}
