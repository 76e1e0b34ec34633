import { createHash, createHmac, randomBytes } from 'node:crypto';

/** A new token: shown once, kept as its hash. The id stands in it, so that one that is found somewhere can be revoked. */
export interface IssuedToken {
  id: string;
  token: string;
  hash: string;
}

/** Begins with letters that scanners for leaked secrets can look for. */
const FORM = /^tgflags_[a-z2-7]{10}_[A-Za-z0-9_-]{43}$/;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

export function issueToken(): IssuedToken {
  const id = [...randomBytes(10)].map((byte) => LETTERS[byte % LETTERS.length] ?? '').join('');
  const token = `tgflags_${id}_${randomBytes(32).toString('base64url')}`;
  return { id, token, hash: hashOf(token) };
}

export function looksLikeToken(text: string): boolean {
  return FORM.test(text);
}

/** A token has 256 random bits: a plain hash of it cannot be turned back, and needs no salt. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/**
 * What opens the event stream of a token's environment and nothing else: a browser's `EventSource` sends no headers, so it
 * stands in the address, where the token itself must not. It lives as long as the token.
 */
export function ticketOf({ id, hash }: { id: string; hash: string }): string {
  return `${id}.${createHmac('sha256', hash).update('event-stream').digest('base64url')}`;
}

/** The token of an `Authorization: Bearer` value. Null: none, or of another kind. */
export function bearerOf(value: unknown): string | null {
  return typeof value === 'string' ? (/^Bearer +(\S+) *$/i.exec(value)?.[1] ?? null) : null;
}
