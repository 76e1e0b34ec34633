import { createHash } from 'node:crypto';
import type { FlagDocument } from './catalogue.ts';

/**
 * The ETag of what follows from a document and from `parts` (a context, say), without working it out. `now` (seconds
 * since 1970) counts where flags change by the clock. Null: they may change at any moment, only the answer itself tells.
 */
export function etagOf(
  document: FlagDocument,
  { now, parts }: { now: number; parts: readonly string[] },
): string | null {
  const turns = document.turns();
  if (turns === null) return null;
  const passed = turns.filter((turn) => turn <= now).length;
  return quoted([document.version, String(passed), ...parts]);
}

/** The ETag of an answer by its content. */
export function answerTag(answer: object): string {
  return quoted([JSON.stringify(answer)]);
}

/** Whether an `If-None-Match` header names this ETag. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  // Quotes and the mark of weakness are lost on the way through some clients and proxies.
  const bare = (tag: string) => tag.trim().replace(/^W\//, '').replaceAll('"', '');
  return ifNoneMatch.split(',').some((tag) => bare(tag) === '*' || bare(tag) === bare(etag));
}

function quoted(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return `"${hash.digest('base64url').slice(0, 22)}"`;
}
