import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import { within } from '../../flags/deadline.ts';
import { readText, writePrivate } from '../../flags/files.ts';
import type { Grant } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { type AccessStore, ApiToken } from '../../store/access-contract.ts';
import type { Principal } from './principal.ts';
import { newToken, parseToken, same } from './secret.ts';

/** Tokens that were revoked elsewhere stop working after this long. */
const FRESH_MS = 2_000;
/** How long a request waits for PostgreSQL before what is known here decides. */
const PATIENCE_MS = 300;

const Kept = z.strictObject({ version: z.literal(1), tokens: z.array(ApiToken) });

export interface KeyringOptions {
  store: AccessStore;
  /** Below it the tokens' hashes are kept for a start without PostgreSQL. */
  dataDir: string;
  /** Tokens that are none of PostgreSQL's: of this machine's administrator, or of the configuration. */
  fixed: readonly FixedToken[];
  now: () => number;
  logger: FastifyBaseLogger;
}

export interface FixedToken {
  token: string;
  principal: Principal;
  /** Taken from this machine only. */
  loopbackOnly: boolean;
}

/** Tells whose a token is, also while PostgreSQL is away. */
export interface Keyring {
  /** @throws Failure TOKEN_REFUSED */
  principalOf(token: string, from: { loopback: boolean }): Promise<Principal>;
  /** Whose the token of a login is; null when it does not count any more. */
  holderOf(tokenId: string): Promise<Principal | null>;
  /** The token itself is in this answer and nowhere else. `days`: how long it counts. */
  create(wanted: {
    name: string;
    grants: Grant[];
    days: number;
    by: string;
  }): Promise<{ token: string; entry: ApiToken }>;
  list(): Promise<ApiToken[]>;
  revoke(id: string, by: string): Promise<ApiToken>;
}

export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const { store, fixed, now, logger } = options;
  const file = join(options.dataDir, 'api-tokens.json');
  let known = await kept(file, logger);
  let readAt = Number.NEGATIVE_INFINITY;
  let away = false;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    try {
      const tokens = await store.tokens();
      const before = JSON.stringify([...known.values()]);
      known = new Map(tokens.map((token) => [token.id, token]));
      away = false;
      if (JSON.stringify(tokens) !== before) await keep(file, tokens);
    } catch (error) {
      // What was known goes on to count: a kill must be possible without PostgreSQL.
      if (!away) logger.warn({ err: error }, 'tokens cannot be read; those known here go on to count');
      away = true;
    } finally {
      readAt = now();
      reading = null;
    }
  }

  async function refresh(): Promise<void> {
    if (now() - readAt < FRESH_MS) return;
    reading ??= read();
    if (away) return;
    await within(PATIENCE_MS, reading).catch(() => undefined);
  }

  function counts(entry: ApiToken): boolean {
    return entry.revokedAt === null && entry.expiresAt > now();
  }

  return {
    async principalOf(token, from) {
      const own = fixed.find((one) => same(one.token, token));
      if (own !== undefined && (!own.loopbackOnly || from.loopback)) return own.principal;
      const parsed = parseToken(token);
      if (parsed === null) throw new Failure('TOKEN_REFUSED', 'This is no token of Tidegate.');
      await refresh();
      const entry = known.get(parsed.id);
      if (entry === undefined || !same(entry.hash, parsed.hash)) {
        throw new Failure('TOKEN_REFUSED', 'This token is unknown here.');
      }
      if (!counts(entry)) {
        const why = entry.revokedAt === null ? 'has expired' : 'was revoked';
        throw new Failure('TOKEN_REFUSED', `The token ${entry.id} of ${entry.name} ${why}.`);
      }
      return principal(entry);
    },
    async holderOf(tokenId) {
      const own = fixed.find((one) => one.principal.tokenId === tokenId);
      if (own !== undefined) return own.principal;
      await refresh();
      const entry = known.get(tokenId);
      return entry !== undefined && counts(entry) ? principal(entry) : null;
    },
    async create({ name, grants, days, by }) {
      const { token, id, hash } = newToken();
      const expiresAt = now() + days * 86_400_000;
      const entry = await store.createToken({ id, name, hash, grants, createdBy: by, expiresAt });
      known.set(id, entry);
      await keep(file, [...known.values()]);
      return { token, entry };
    },
    list: () => store.tokens(),
    async revoke(id, by) {
      const entry = await store.revokeToken(id, by);
      known.set(id, entry);
      await keep(file, [...known.values()]);
      return entry;
    },
  };
}

function principal({ id, name, grants }: ApiToken): Principal {
  return { name, grants, mayActFor: false, tokenId: id };
}

async function kept(file: string, logger: FastifyBaseLogger): Promise<Map<string, ApiToken>> {
  try {
    const text = await readText(file);
    if (text === null) return new Map();
    return new Map(Kept.parse(JSON.parse(text)).tokens.map((token) => [token.id, token]));
  } catch (error) {
    logger.warn({ err: error, file }, 'the tokens kept on disk cannot be read');
    return new Map();
  }
}

async function keep(file: string, tokens: readonly ApiToken[]): Promise<void> {
  const kept: z.input<typeof Kept> = { version: 1, tokens: [...tokens] };
  await writePrivate(file, `${JSON.stringify(kept)}\n`);
}
