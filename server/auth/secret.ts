import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `tg_<id>_<secret>`: the id finds the token, the secret proves it. */
const FORM = /^tg_([0-9a-f]{12})_([\w-]{43})$/;

/** A new token as it is shown once, and what is kept of it. 256 random bits need no slow hash. */
export function newToken(): { token: string; id: string; hash: string } {
  const id = randomBytes(6).toString('hex');
  const secret = randomValue();
  return { token: `tg_${id}_${secret}`, id, hash: sha256(secret) };
}

/** Null when it is no token at all. */
export function parseToken(token: string): { id: string; hash: string } | null {
  const match = FORM.exec(token);
  if (match?.[1] === undefined || match[2] === undefined) return null;
  return { id: match[1], hash: sha256(match[2]) };
}

/** 256 bits as 43 characters that need no quoting anywhere. */
export function randomValue(): string {
  return randomBytes(32).toString('base64url');
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes the same time wherever the two differ. */
export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(sha256(a)), Buffer.from(sha256(b))];
  return timingSafeEqual(left, right);
}
