import { z } from 'zod';
import { Grant } from '../plans/access.ts';

/** A token of a person or a program as it is kept; times in ms since 1970. */
export const ApiToken = z.strictObject({
  id: z.string(),
  /** Who uses it: the name that stands in the journal. */
  name: z.string(),
  /** SHA-256 of the secret, hexadecimal. */
  hash: z.string(),
  grants: z.array(Grant),
  createdBy: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  revokedAt: z.number().nullable(),
  /** Who revoked it; null: nobody, or it was before that was kept. */
  revokedBy: z.string().nullable().default(null),
});
export type ApiToken = z.infer<typeof ApiToken>;

/** Whose login a session is. What the person may do follows from the token, or from the groups, at each request. */
export type SessionSubject =
  | { kind: 'token'; tokenId: string }
  | { kind: 'oidc'; name: string; groups: string[] };

export interface Session {
  /** SHA-256 of what the cookie holds, hexadecimal. */
  id: string;
  subject: SessionSubject;
  /** What a page must send back with each change. */
  csrf: string;
  expiresAt: number;
}

/** Errors: `TOKEN_UNKNOWN`, `POSTGRES_UNREACHABLE`. */
export interface AccessStore {
  createToken(token: Omit<ApiToken, 'createdAt' | 'revokedAt' | 'revokedBy'>): Promise<ApiToken>;
  tokens(): Promise<ApiToken[]>;
  /** The first revocation is when it ended, and by whom. */
  revokeToken(id: string, by: string): Promise<ApiToken>;
  saveSession(session: Session): Promise<void>;
  session(id: string): Promise<Session | null>;
  endSession(id: string): Promise<void>;
}
