import type { TokenReply } from '../../server/api/flag-tokens.ts';
import { table } from './list.ts';
import type { Page } from './status.ts';
import { relative } from './words.ts';

export function renderFlagTokens(tokens: TokenReply[], page: Page): string[] {
  if (tokens.length === 0) return ['no tokens'];
  const rows = tokens.map((token) => [
    token.id,
    token.environment,
    token.name,
    page.ink(token.state === 'valid' ? 'good' : 'dim', token.state),
    `${relative(token.createdAt, page.now)} by ${token.createdBy}`,
    token.expiresAt === null
      ? 'never'
      : new Date(token.expiresAt).toISOString().slice(0, 16).replace('T', ' '),
  ]);
  return table(['token', 'environment', 'for', 'state', 'made', 'expires (UTC)'], rows, page);
}
