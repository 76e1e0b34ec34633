import { PHASES } from '../plans/view.ts';
import type { Digests } from '../store/digests.ts';
import type { RolloutStore } from '../store/store.ts';
import type { Channel } from './channel.ts';
import { digestMessage, digestOf } from './digest.ts';
import { dueDigest } from './digest-clock.ts';
import type { DigestConfig } from './digest-config.ts';
import type { Log } from './log.ts';
import { startLooking } from './look.ts';

interface DigestParts {
  config: DigestConfig;
  channels: ReadonlyMap<string, Channel>;
  digests: Digests;
  rollouts: Pick<RolloutStore, 'list'>;
  log: Log;
  /** Milliseconds since 1970. */
  now: () => number;
}

const EVERY_MS = 20_000;
const LEASE_MARGIN_MS = 30_000;
const MOST = 1000;
/** So often a channel may refuse it before another one gets it. */
const ATTEMPTS = 5;

/** Sends the digest of the day until `stop`. */
export function startDigests(parts: DigestParts): { stop(): Promise<void> } {
  const { log } = parts;
  return startLooking(() => sendDue(parts), { everyMs: EVERY_MS, what: 'the digest could not be sent', log });
}

/**
 * One look at the clock: sends what is due and not sent. A sender that dies leaves it to the next one, so it comes at least
 * once; a daily one that would say nothing is left out. Throws what the channel throws.
 */
export async function sendDue({ config, channels, digests, rollouts, log, now }: DigestParts): Promise<void> {
  const due = dueDigest(config, now());
  const own = channels.get(config.channel);
  if (due === null || own === undefined) return;
  const leaseMs = (own.timeoutMs ?? EVERY_MS) + LEASE_MARGIN_MS;
  const taken = await digests.take(due.key, leaseMs);
  if (taken === null) return;
  const rows = await rollouts.list({ phases: PHASES, limit: MOST });
  const views = rows.flatMap(({ view }) => (view === null ? [] : [view]));
  const at = now();
  const digest = digestOf(views, { since: due.since, now: at });
  // The weekly one comes also when there is nothing to say: whoever misses it knows that something is wrong.
  if (digest.sections.length > 0 || due.kind === 'weekly-digest') {
    const others = [...channels.values()].filter((one) => one !== own && one.takesReports !== false);
    const channel =
      (taken > ATTEMPTS ? others[(taken - ATTEMPTS - 1) % Math.max(1, others.length)] : undefined) ?? own;
    const message = digestMessage(digest, { due, channel: channel.name, at });
    const report = channel === own ? {} : { undelivered: own.name };
    await channel.send({ ...message, ...report }, { repeated: taken > 1 });
    log.info({ digest: due.key, channel: channel.name }, 'digest sent');
  }
  await digests.sent(due.key);
}
