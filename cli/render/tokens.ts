import type { TokenReply } from '../../server/api/access.ts';
import { table } from './list.ts';
import type { Page } from './status.ts';

export function renderTokens(tokens: TokenReply[], page: Page): string[] {
  if (tokens.length === 0) return ['no tokens'];
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const rows = tokens.map((token) => [
    token.id,
    token.name,
    stateOf(token, page),
    day(token.expiresAt),
    token.grants.join(' '),
    token.createdBy,
  ]);
  return table(['token', 'of', 'state', 'until', 'may', 'made by'], rows, page);
}

function stateOf({ revokedAt, revokedBy, expiresAt }: TokenReply, page: Page): string {
  if (revokedAt !== null) return page.ink('dim', revokedBy === null ? 'revoked' : `revoked by ${revokedBy}`);
  return expiresAt <= page.now ? page.ink('dim', 'expired') : 'counts';
}
