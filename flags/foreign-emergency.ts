import { setTimeout as sleep } from 'node:timers/promises';
import { type Exposure, sameExposure } from '../plans/exposure.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import { inTurn } from '../plans/in-turn.ts';
import type { FlagState, FlagStore } from '../store/flag-contract.ts';
import { killedExposure, lowers, pointOfNoReturn } from '../store/flag-rules.ts';
import type { PlatformStore } from '../store/platform-contract.ts';
import { isSentBlind } from './foreign-answers.ts';
import type { EmergencyLatch, Latches } from './latches.ts';
import { lastKnown, lowering, newOrder, readingOf } from './orders.ts';
import { notServed, READ_AGAIN_MS, READ_BACK_MS, tell } from './platform-orders.ts';
import type { Platform } from './platforms/platform.ts';
import type { FlagReading, FlagTarget, FlagWrite, FlagWriteResult } from './provider.ts';
import { servedState } from './served.ts';
import type { FlagService } from './service.ts';

export interface ForeignOptions {
  platform: Platform;
  /** Null: PostgreSQL is not even configured; only what lowers a flag works. */
  flagStore: FlagStore | null;
  platformStore: PlatformStore | null;
  latches: Latches;
  dataDir: string;
  service?: FlagService;
  /** How long PostgreSQL may take before a lowering goes on without it. Default 1,500 ms. */
  patienceMs?: number;
}

/** What lowers a flag on a platform while PostgreSQL is away: straight there, and kept in a latch for PostgreSQL. */
export function createForeignEmergency({ platform, latches, dataDir, service }: ForeignOptions) {
  const { name, where } = platform;

  /**
   * Lowers to `wanted` and reads back; never raises. `again`: it is tried every few seconds, so that a reading which is old is put right by
   * the next one, and nothing is sent for its sake. @returns what the platform serves then
   */
  async function lowerThere(
    known: FlagState,
    wanted: (served: Exposure) => Exposure,
    { order, again = false }: { order: EmergencyLatch; again?: boolean },
  ) {
    const { environment, key, shape } = known;
    const end = Date.now() + READ_BACK_MS;
    const { by: author, reason } = order;
    let told = false;
    for (;;) {
      const sighting = await platform.read({ environment, key, shape }).catch((error: unknown) => {
        if (told || !isSentBlind(error, wanted(known.exposure))) throw error;
        return { exposure: known.exposure };
      });
      if (sighting === null) return known.exposure;
      const exposure = wanted(sighting.exposure);
      // What a platform reads may be older than what it serves. It is told all the same where more was known to be served.
      const less = !again && !told && !sameExposure(known.exposure, sighting.exposure);
      if (sameExposure(exposure, sighting.exposure) && !less) return sighting.exposure;
      if (Date.now() > end) throw notServed(platform);
      const answer = await tell(platform, known, { exposure, author, reason });
      if (told || answer.kind === 'conflict' || !platform.uniqueVersions) await sleep(READ_AGAIN_MS);
      if (answer.kind === 'taken') told = true;
    }
  }

  const ordered = (known: FlagState, order: EmergencyLatch) => (served: Exposure) => {
    const there = { ...known, exposure: served };
    if (order.kind === 'kill' || order.exposure === null) return killedExposure(order.exposure, there);
    return lowers(order.exposure, served, known.shape.canary) ? order.exposure : served;
  };

  return {
    async kill(order: EmergencyLatch, unkept: unknown): Promise<FlagReading> {
      const known = await lastKnown({ service, dataDir }, order);
      const refusal = known === null ? null : pointOfNoReturn(known);
      if (known === null || refusal !== null) {
        await latches.remove(order);
        if (refusal !== null) throw refusal;
        throw new Failure(
          'POSTGRES_UNREACHABLE',
          `PostgreSQL does not answer and no flag ${order.key} of ${order.environment} is known in this data folder: nothing was stopped.`,
        );
      }
      const exposure = await lowerThere(known, ordered(known, order), { order }).catch((error: unknown) => {
        throw unfinished(order, error);
      });
      if (unkept !== null)
        throw new Failure(
          'POSTGRES_UNREACHABLE',
          `"${name}" serves ${order.key} to ${exposure.percent} % now, but neither PostgreSQL nor the data folder keeps the kill.`,
          { cause: unkept },
        );
      return { ...readingOf(servedState({ ...known, exposure }, [order])), offline: true };
    },

    async lower(write: FlagWrite, cause: Failure): Promise<FlagWriteResult> {
      const known = await lastKnown({ service, dataDir }, write);
      if (known === null) throw cause;
      const { environment, key } = write;
      const order = newOrder('lower', { environment, key }, lowering(write));
      await latches.put(order);
      await lowerThere(known, ordered(known, order), { order });
      return { kind: 'written-offline', before: known.revision };
    },

    /** Sends the orders in the data folder that PostgreSQL has not heard of. */
    async sweep(): Promise<void> {
      await inTurn(await latches.list(), async (order) => {
        const known = await lastKnown({ service, dataDir }, order);
        if (known?.shape.provider !== name || known.decommissioned !== null) return;
        await lowerThere(known, ordered(known, order), { order, again: true });
      });
    },

    unfinished,
  };

  /** The kill is decided and kept; the platform has not taken it yet. */
  function unfinished({ environment, key }: FlagTarget, cause: unknown): unknown {
    if (!isFailure(cause) || !cause.code.startsWith('PLATFORM_')) return cause;
    return new Failure(
      cause.code,
      `The kill of ${key} in ${environment} is kept, but "${name}" has not taken it: it still serves what it did, and Tidegate goes on trying. ${cause.message}`,
      { where, details: cause.details, cause },
    );
  }
}
