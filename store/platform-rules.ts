import { type Exposure, sameExposure, withinExposure } from '../plans/exposure.ts';
import { lowers } from './flag-rules.ts';
import type { LinkedFlag, PlatformRuling, Sight } from './platform-contract.ts';

/** How long a platform may answer with what it served before, and a write that nobody waits for may still land. */
export const LATE_MS = 60_000;
/** A write of several requests may be seen half done, and several of us may send the same: versions this soon after a change of ours are ours. */
const OWN_MS = 3_000;

export interface Known {
  /** Milliseconds since 1970. */
  now: number;
  /** Orders to lower that others have overtaken so lately that the platform may still get them. */
  overtaken: readonly Exposure[];
}

/**
 * Tells our own write from somebody else's, an answer that is late from news, and an order to lower that has not arrived
 * from both. An order to lower is never taken back by what the platform says: it is sent again.
 */
export function ruleSighting(
  { flag, link }: LinkedFlag,
  sight: Sight,
  { now, overtaken }: Known,
): PlatformRuling {
  const pending = link.pending !== null && now - link.pending.at < LATE_MS ? link.pending : null;
  const news = sight.version !== link.version;
  if (stale()) return { kind: 'stale' };
  if (pending !== null && news && sameExposure(sight.exposure, pending.exposure)) {
    const { rolloutId, author, reason } = pending;
    if (pending.revision === flag.revision) return { kind: 'landed', rolloutId, author, reason };
    // A kill or a lowering has overtaken it: it must go again, and not more than once.
    if (!sameExposure(sight.exposure, flag.exposure)) return { kind: 'push', pending: null };
  }
  const ordered = link.applied !== null && !sameExposure(link.applied, flag.exposure);
  const who = sight.changedBy ?? `somebody on ${link.provider}`;
  if (sameExposure(sight.exposure, flag.exposure)) {
    // Moved and moved back, or something else of the flag was changed: somebody has been there all the same.
    const ours = ordered || pending !== null || now - Math.max(flag.updatedAt, link.seenAt) < OWN_MS;
    const touched = news && link.version !== null && !ours && flag.rolloutId !== null;
    return touched ? drift('changed') : { kind: 'settled', pending };
  }
  const late = news && overtaken.some((order) => sameExposure(order, sight.exposure));
  if ((ordered || late) && lowers(flag.exposure, sight.exposure, flag.shape.canary))
    return { kind: 'push', pending };
  return drift('moved');

  function drift(what: string): PlatformRuling {
    return { kind: 'drift', rolloutId: null, author: who, reason: `${what} on ${link.provider}` };
  }

  function stale(): boolean {
    if (halfDone()) return true;
    if (!sight.unique || sight.fresh === true || now - link.seenAt >= LATE_MS) return false;
    if (news) return link.past.includes(sight.version);
    // A version that serves something else than it did was not read in one: half of it is from before a change.
    return link.applied !== null && !sameExposure(link.applied, sight.exposure);
  }

  /** Seen by somebody else while our raise is being sent, which may take several requests. */
  function halfDone(): boolean {
    if (sight.passing !== true || pending === null || pending.revision !== flag.revision) return false;
    const isAPart =
      withinExposure(sight.exposure, pending.exposure) && !sameExposure(sight.exposure, pending.exposure);
    return isAPart && !sameExposure(sight.exposure, flag.exposure) && now - pending.at < OWN_MS;
  }
}
