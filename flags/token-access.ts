import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { listen } from '../store/listen.ts';
import { TOKENS_CHANNEL, type TokenRow, type TokenStore } from '../store/tokens.ts';
import type { FlagAccess, Verdict } from './access.ts';
import { inTime } from './deadline.ts';
import { readText, writeAtomic } from './files.ts';
import { createRefresher } from './refresher.ts';
import type { FlagLog } from './service.ts';
import { hashOf, looksLikeToken, ticketOf } from './token.ts';

export interface TokenAccessOptions {
  store: Pick<TokenStore, 'list'>;
  databaseUrl: string;
  dataDir: string;
  log: FlagLog;
  /** How often all are read again in case a notice was lost. Default 15 s. */
  pollMs?: number;
}

const POLL_MS = 15_000;
const LOOKUP_EVERY_MS = 500;
const LOOKUP_WITHIN_MS = 1500;
/** Longer waits than a timer can do are done in steps. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const Kept = z.strictObject({
  version: z.literal(1),
  tokens: z.array(
    z.strictObject({
      id: z.string(),
      environment: z.string(),
      name: z.string(),
      hash: z.string(),
      createdAt: z.number(),
      createdBy: z.string(),
      expiresAt: z.number().nullable(),
      revokedAt: z.number().nullable(),
      revokedBy: z.string().nullable(),
    }),
  ),
});

/**
 * Access by the tokens of PostgreSQL, all of which are kept in memory and (as hashes) in `<dataDir>/flag-tokens.json`:
 * delivery asks no database, and goes on while it is away, also after a restart. A revocation is noticed within
 * milliseconds.
 */
export async function openTokenAccess(options: TokenAccessOptions): Promise<FlagAccess> {
  const { store, databaseUrl, log } = options;
  const file = join(options.dataDir, 'flag-tokens.json');
  const byHash = new Map<string, TokenRow>();
  const byId = new Map<string, TokenRow>();
  const listeners = new Set<() => void>();
  let written = '';
  let writing: Promise<void> = Promise.resolve();
  let expiry: NodeJS.Timeout | undefined;
  let lookup: Promise<void> | null = null;
  let lookupAt = 0;
  let stopped = false;

  function put(rows: readonly TokenRow[]): void {
    const merged = rows.map((row) => {
      // Two reads may overtake each other: what was revoked stays so.
      const before = byId.get(row.id);
      return before !== undefined && before.revokedAt !== null && row.revokedAt === null ? before : row;
    });
    byHash.clear();
    byId.clear();
    for (const row of merged) {
      byHash.set(row.hash, row);
      byId.set(row.id, row);
    }
    tell();
  }

  function tell(): void {
    for (const listener of listeners) listener();
    clearTimeout(expiry);
    if (stopped) return;
    const ahead = [...byId.values()].map(({ expiresAt }) => (expiresAt ?? 0) - Date.now());
    const next = Math.min(...ahead.filter((wait) => wait > 0));
    if (Number.isFinite(next)) expiry = setTimeout(tell, Math.min(next + 1, LONGEST_TIMER_MS)).unref();
  }

  async function load(): Promise<void> {
    const rows = await store.list();
    put(rows);
    keep();
  }

  function keep(): void {
    const text = `${JSON.stringify({ version: 1, tokens: [...byId.values()] })}\n`;
    if (text === written) return;
    written = text;
    writing = writing
      .then(() => writeAtomic(file, text))
      .catch((error: unknown) => {
        written = '';
        log.warn({ err: error }, 'flag tokens cannot be kept on disk');
      });
  }

  const refresher = createRefresher({
    load,
    pollMs: options.pollMs ?? POLL_MS,
    onUp: () => log.info({ tokens: byId.size }, 'flag tokens follow PostgreSQL'),
    onDown: (error) => log.warn({ err: error }, 'flag tokens: PostgreSQL is away, the known ones go on'),
  });
  const listener = listen(
    databaseUrl,
    TOKENS_CHANNEL,
    () => refresher.refresh(),
    () => refresher.refresh(),
  );
  refresher.refresh();
  await refresher.first();
  if (byId.size === 0) put(await kept(file, log));

  /** One that was made a moment ago may not have been heard of yet. All who guess tokens wait for the same look. */
  async function lookAgain(): Promise<void> {
    await sleep(Math.max(0, lookupAt + LOOKUP_EVERY_MS - Date.now()));
    lookupAt = Date.now();
    lookup = null;
    // A database that is away is told by the refresher.
    if (!stopped) await inTime(LOOKUP_WITHIN_MS, load);
  }

  async function find(token: string): Promise<TokenRow | undefined> {
    if (!looksLikeToken(token)) return undefined;
    const hash = hashOf(token);
    const known = byHash.get(hash);
    if (known !== undefined) return known;
    // The look that is running may have begun before the token was made; the next one has not.
    lookup ??= lookAgain();
    await lookup;
    return byHash.get(hash);
  }

  return {
    auth: 'tokens',
    async check({ environment, token }) {
      if (token === null) return { kind: 'refused', why: 'No token: send `Authorization: Bearer TOKEN`.' };
      return judge(await find(token), environment);
    },
    checkTicket({ environment, ticket }) {
      const row = byId.get(ticket.split('.', 1)[0] ?? '');
      return judge(row !== undefined && same(ticketOf(row), ticket) ? row : undefined, environment);
    },
    ticket(tokenId) {
      const row = tokenId === null ? undefined : byId.get(tokenId);
      return row === undefined ? null : ticketOf(row);
    },
    stands: (tokenId) => tokenId !== null && whyOver(byId.get(tokenId)) === null,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopped = true;
      clearTimeout(expiry);
      await Promise.all([listener.stop(), refresher.stop()]);
      await lookup;
      await writing;
    },
  };
}

function judge(row: TokenRow | undefined, asked: string | null): Verdict {
  const why = whyOver(row);
  if (row === undefined || why !== null) return { kind: 'refused', why: why ?? '' };
  if (asked !== null && asked !== row.environment) {
    return { kind: 'elsewhere', why: `This token opens another environment than ${asked}.` };
  }
  return { kind: 'allowed', environment: row.environment, tokenId: row.id };
}

function whyOver(row: TokenRow | undefined): string | null {
  if (row === undefined) return 'This token is not known.';
  if (row.revokedAt !== null) return 'This token has been revoked.';
  if (row.expiresAt !== null && row.expiresAt <= Date.now()) return 'This token has expired.';
  return null;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

async function kept(file: string, log: FlagLog): Promise<TokenRow[]> {
  try {
    const text = await readText(file);
    return text === null ? [] : Kept.parse(JSON.parse(text)).tokens;
  } catch (error) {
    log.warn({ err: error, file }, 'flag tokens on disk cannot be read');
    return [];
  }
}
