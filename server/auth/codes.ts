import { randomValue, sha256 } from './secret.ts';

/** Long enough to walk from a terminal to a browser. */
const LIFE_MS = 600_000;
const MOST = 1000;

/** Codes that open one session each: how a person with a token on a command line gets into a browser. */
export interface Codes {
  issue(tokenId: string, from: { loopback: boolean }): { code: string; expiresAt: number };
  /** The token that it stands for; null when it is unknown, used or too old. One made on this machine counts here only. */
  redeem(code: string, from: { loopback: boolean }): string | null;
}

/** They live in this process alone: the link with the code leads to the server that gave it. */
export function createCodes(now: () => number): Codes {
  const held = new Map<string, { tokenId: string; expiresAt: number; local: boolean }>();
  return {
    issue(tokenId, { loopback: local }) {
      for (const [key, { expiresAt }] of held) if (expiresAt <= now() || held.size >= MOST) held.delete(key);
      const code = randomValue();
      const expiresAt = now() + LIFE_MS;
      held.set(sha256(code), { tokenId, expiresAt, local });
      return { code, expiresAt };
    },
    redeem(code, { loopback }) {
      const key = sha256(code);
      const found = held.get(key);
      held.delete(key);
      if (found === undefined || found.expiresAt <= now() || (found.local && !loopback)) return null;
      return found.tokenId;
    },
  };
}
