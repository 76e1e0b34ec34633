import type { Scope } from './selector.ts';
import type { FlagService } from './service.ts';

/** What an event stream told a client, which it hands back with its next request (ADR-0008). */
export interface Announced {
  etag: string | undefined;
  /** Seconds since 1970, or ISO 8601. */
  lastModified: string | undefined;
}

const PATIENCE_MS = 500;

/**
 * Waits until this service has the definitions that a client was told of, by another server perhaps, which had them
 * first: answered from the old ones it would keep them, for nobody tells it again. Not longer than half a second.
 */
export async function untilFresh(
  service: FlagService,
  { environment, flagSet }: Scope,
  { etag, lastModified }: Announced,
): Promise<void> {
  if (etag === undefined || etag === '') return;
  const there = () => {
    const { version, changedAt } = service.document(environment, flagSet);
    return version === etag || Math.floor(changedAt / 1000) > secondsOf(lastModified);
  };
  if (there()) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, PATIENCE_MS);
    const unsubscribe = service.subscribe((changed) => {
      if (changed === environment && there()) done();
    });
  });
}

/** Unknown is later than anything: then only the ETag counts. */
function secondsOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
  return Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : seconds;
}
