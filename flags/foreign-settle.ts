import { setTimeout as sleep } from 'node:timers/promises';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { Failure } from '../plans/failures.ts';
import type { FlagStore } from '../store/flag-contract.ts';
import type { LinkedFlag, PlatformStore, Sight } from '../store/platform-contract.ts';
import { carryOver } from './carry-over.ts';
import { isSentBlind, owed } from './foreign-answers.ts';
import type { ForeignOptions } from './foreign-emergency.ts';
import { notServed, READ_AGAIN_MS, READ_BACK_MS, tell } from './platform-orders.ts';
import type { Sighting } from './platforms/platform.ts';
import type { FlagShape, FlagTarget } from './provider.ts';

/** What PostgreSQL has of a platform's flags and what the platform serves, brought together. */
export interface Settling {
  /** @throws Failure POSTGRES_UNREACHABLE where none is configured */
  stores(): { flags: FlagStore; links: PlatformStore };
  /** @throws Failure FLAG_UNKNOWN */
  linked(target: FlagTarget): Promise<LinkedFlag>;
  /**
   * Brings PostgreSQL and the platform together. `patient`: waits until what was sent reads back; otherwise an answer that is
   * late is no news. @throws Failure PLATFORM_UNREACHABLE where it never does
   */
  settle(target: FlagTarget, patient: boolean): Promise<LinkedFlag>;
  /**
   * Sends what PostgreSQL has: onto the version that was read, so that one which hangs never lands on a raise that came after it, or
   * (null) whatever the platform serves. False where the platform has another version.
   */
  push(seen: LinkedFlag, expected: string | null): Promise<boolean>;
  /**
   * Waits for the orders of this process that the platform has not answered: a version that is a digest comes again with a raise, and
   * one of them would land on it. False where there are none.
   */
  answered(target: FlagTarget): Promise<boolean>;
  /** What the platform answered to a write. */
  note(seen: LinkedFlag, sighting: Sighting): Promise<void>;
  /** Makes a flag that is not there, at nobody: reads that lag may go on saying that there is none. */
  make(target: FlagTarget, shape: FlagShape, author: string): Promise<void>;
}

/** A flag that is gone serves nobody. */
const ABSENT: Sighting = { exposure: NO_EXPOSURE, version: 'absent', changedBy: null };

export function createSettling(options: ForeignOptions): Settling {
  const { platform, flagStore, platformStore, latches, service } = options;
  const { name } = platform;
  const unanswered = new Set<{ flag: FlagTarget; answer: Promise<unknown> }>();

  function stores(): { flags: FlagStore; links: PlatformStore } {
    if (flagStore === null || platformStore === null)
      throw new Failure('POSTGRES_UNREACHABLE', 'No PostgreSQL is configured.');
    return { flags: flagStore, links: platformStore };
  }

  async function linked(target: FlagTarget): Promise<LinkedFlag> {
    const found = await stores().links.read(target);
    if (found !== null) return found;
    throw new Failure(
      'FLAG_UNKNOWN',
      `There is no flag ${target.key} in ${target.environment} on "${name}".`,
    );
  }

  async function sight({ flag }: LinkedFlag): Promise<Sighting> {
    const { environment, key, shape } = flag;
    return (await platform.read({ environment, key, shape })) ?? ABSENT;
  }

  async function settle(target: FlagTarget, patient: boolean): Promise<LinkedFlag> {
    const { flags, links } = stores();
    const carried = await carryOver(latches, flags, target);
    if (carried !== null) service?.accept(carried);
    let seen = await linked(target);
    let sent = false;
    let refused: string | null = null;
    const end = Date.now() + READ_BACK_MS;
    for (;;) {
      const sighting = await sight(seen).catch((error: unknown) => {
        if (sent || !owed(seen) || !isSentBlind(error, seen.flag.exposure)) throw error;
        return null;
      });
      if (sighting === null) {
        sent = true;
        await push(seen, null);
        seen = await linked(target);
        continue;
      }
      const { ruling, linked: now } = await links.observe(seen, {
        ...sighting,
        unique: platform.uniqueVersions,
        ...(patient ? {} : { passing: true }),
      });
      seen = now;
      switch (ruling.kind) {
        case 'landed':
        case 'drift':
          service?.accept(now.flag);
          return now;
        case 'settled':
          if (!patient || now.link.pending?.revision !== now.flag.revision || Date.now() > end) return now;
          break;
        case 'push': {
          // What is read again after the platform has refused it is too old to be a condition.
          const { version } = now.link;
          const isTaken = await push(now, version === refused ? null : version);
          refused = isTaken ? null : version;
          seen = await linked(target);
          break;
        }
        case 'stale':
          // What is read is too old to say whether an order to lower has arrived: it is sent before that.
          if (owed(now) && !sent) {
            sent = true;
            await push(now, null);
            seen = await linked(target);
          } else if (!patient) return now;
          break;
        case 'raced':
          break;
      }
      if (Date.now() > end) throw notServed(platform);
      if (ruling.kind !== 'push' && ruling.kind !== 'raced') await sleep(READ_AGAIN_MS);
    }
  }

  async function push({ flag, link }: LinkedFlag, expected: string | null): Promise<boolean> {
    const { exposure, updatedBy: author } = flag;
    const reason = 'what Tidegate has ordered';
    const order = { flag, answer: tell(platform, flag, { exposure, author, reason, expected }) };
    unanswered.add(order);
    const answer = await order.answer.finally(() => unanswered.delete(order));
    if (answer.kind === 'conflict') return false;
    if (answer.sighting !== null) await note({ flag, link }, answer.sighting);
    return true;
  }

  async function answered({ environment, key }: FlagTarget): Promise<boolean> {
    const open = [...unanswered].filter(({ flag }) => flag.key === key && flag.environment === environment);
    await Promise.allSettled(open.map(({ answer }) => answer));
    return open.length > 0;
  }

  async function note(seen: LinkedFlag, sighting: Sighting): Promise<void> {
    const sight: Sight = { ...sighting, unique: platform.uniqueVersions, fresh: true };
    await stores().links.observe(seen, sight);
  }

  async function make(target: FlagTarget, shape: FlagShape, author: string): Promise<void> {
    const { links } = stores();
    const there = { ...ABSENT, unique: platform.uniqueVersions };
    const { linked: seen } = await links.observe(await linked(target), there);
    const made = { exposure: NO_EXPOSURE, author, reason: 'a new rollout' };
    const answer = await tell(platform, { ...target, shape }, made);
    if (answer.kind === 'taken' && answer.sighting !== null) await note(seen, answer.sighting);
  }

  return { stores, linked, settle, push, answered, note, make };
}
