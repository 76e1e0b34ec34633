import type { Exposure } from '../plans/exposure.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import type { FlagChangeResult, FlagState, FlagStore } from '../store/flag-contract.ts';
import { pointOfNoReturn } from '../store/flag-rules.ts';
import { carryOver } from './carry-over.ts';
import { refuseElsewhere } from './claim-refusals.ts';
import { within } from './deadline.ts';
import type { EmergencyLatch, Latches } from './latches.ts';
import { killInStore, lastKnown, lowering, newOrder, readingOf } from './orders.ts';
import type { FlagProvider, FlagReading, FlagTarget, FlagWrite, FlagWriteResult } from './provider.ts';
import { servedState } from './served.ts';
import type { FlagService } from './service.ts';

export interface EmbeddedOptions {
  /** Null: PostgreSQL is not even configured; only what lowers a flag works. */
  flagStore: FlagStore | null;
  latches: Latches;
  dataDir: string;
  /** The flag service of this process, if it runs one: it then serves a kill before any file or database knows. */
  service?: FlagService;
  /** How long PostgreSQL may take before a lowering goes into a latch file instead. Default 1,500 ms. */
  patienceMs?: number;
}

/**
 * The flags that Tidegate serves itself. Raising needs PostgreSQL (`POSTGRES_UNREACHABLE`); a kill and a lowering
 * write do not: they stand in an emergency latch file until PostgreSQL is back, and every flag service on the data
 * folder honours the file within 250 ms. A kill once the old path is decommissioned is a `POINT_OF_NO_RETURN`.
 */
export function createEmbeddedProvider(options: EmbeddedOptions): FlagProvider {
  const { flagStore, latches, dataDir, service, patienceMs = 1500 } = options;

  function store(): FlagStore {
    if (flagStore === null) throw new Failure('POSTGRES_UNREACHABLE', 'No PostgreSQL is configured.');
    return flagStore;
  }

  /** Before anything that reads or raises: an order that PostgreSQL has not heard of yet comes first. */
  async function settle(target: FlagTarget): Promise<FlagStore> {
    const after = await carryOver(latches, store(), target);
    if (after !== null) service?.accept(after);
    return store();
  }

  async function kill(order: EmergencyLatch): Promise<FlagReading> {
    const hold = service?.impose(order);
    const unkept = await latches.put(order).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    try {
      const state = await within(patienceMs, killInStore({ latches, store: store() }, order));
      service?.accept(state);
      await latches.remove(order);
      await hold?.release();
      return readingOf(state);
    } catch (error) {
      const answer = isFailure(error) && error.code !== 'POSTGRES_UNREACHABLE' ? error : null;
      const known = answer === null ? await lastKnown({ service, dataDir }, order) : null;
      const refusal = answer ?? (known === null ? null : pointOfNoReturn(known));
      if (refusal === null && known !== null && unkept === null) {
        await hold?.release();
        return { ...readingOf(servedState(known, [order])), offline: true };
      }
      // Nothing here serves this flag, so that a latch would stop nothing: better to say so than to look like a kill.
      // A latch that could not be kept on disk stays imposed in this process: it is all there is.
      if (unkept === null) await latches.remove(order);
      if (known === null || refusal !== null) await hold?.release();
      if (refusal !== null) throw refusal;
      throw offlineFailure(order, known, unkept?.error ?? error);
    }
  }

  async function lower(write: FlagWrite): Promise<FlagWriteResult> {
    try {
      return readable(await within(patienceMs, store().write(write)));
    } catch (error) {
      if (!isFailure(error) || error.code !== 'POSTGRES_UNREACHABLE') throw error;
      const known = await lastKnown({ service, dataDir }, write);
      if (known === null) throw error;
      const { environment, key } = write;
      const order = newOrder('lower', { environment, key }, lowering(write));
      const hold = service?.impose(order);
      await latches.put(order);
      await hold?.release();
      return { kind: 'written-offline', before: known.revision };
    }
  }

  return {
    name: 'embedded',
    async read(target) {
      const state = await (await settle(target)).read(target);
      return state === null ? null : readingOf(state);
    },
    async look(target) {
      const state = await store().read(target);
      if (state === null) return null;
      const orders = (await latches.list()).filter(
        ({ environment, key }) => environment === target.environment && key === target.key,
      );
      const served = orders.length === 0 ? state : servedState(state, orders);
      return { ...readingOf(served), exposure: seenExposure(served) };
    },
    async claim(target, shape, rolloutId) {
      const flags = await settle(target);
      await refuseElsewhere(flags, target, undefined);
      const result = await flags.claim(target, shape, rolloutId);
      return result.kind === 'claimed'
        ? { ...result, reading: readingOf(result.reading) }
        : { ...result, current: readingOf(result.current) };
    },
    async write(write) {
      return write.direction === 'lower' ? lower(write) : readable(await (await settle(write)).write(write));
    },
    async renew(target, renewal) {
      const result = await (await settle(target)).renew(target, renewal);
      service?.accept(result.kind === 'renewed' ? result.reading : result.current);
      return result.kind === 'renewed';
    },
    async release(target, rolloutId) {
      await (await settle(target)).release(target, rolloutId);
    },
    async kill(target, safe, latch) {
      const known = service?.definition(target) ?? null;
      const { rolloutId, epoch } = known ?? { rolloutId: null, epoch: null };
      return kill(newOrder('kill', target, { exposure: safe, rolloutId, epoch, ...latch }));
    },
    async unlock(target, by, reason) {
      const state = await (await settle(target)).unlock(target, by, reason);
      service?.accept(state);
      return readingOf(state);
    },
  };
}

/** A person may have said that nobody is served: that is what others see of it. */
function seenExposure({ exposure, spec }: FlagState): Exposure {
  const mode = spec?.mode;
  return exposure.mode === undefined && (mode === 'shadow' || mode === 'dark' || mode === 'aa')
    ? { ...exposure, mode }
    : exposure;
}

function readable(result: FlagChangeResult): FlagWriteResult {
  return result.kind === 'refused' ? { ...result, current: readingOf(result.current) } : result;
}

function offlineFailure({ environment, key }: FlagTarget, known: FlagState | null, cause: unknown): Failure {
  const flag = `flag ${key} of ${environment}`;
  if (known === null) {
    return new Failure(
      'POSTGRES_UNREACHABLE',
      `PostgreSQL does not answer and no flag service has delivered ${flag} from this data folder: nothing was stopped.`,
      { cause },
    );
  }
  return new Failure(
    'POSTGRES_UNREACHABLE',
    `PostgreSQL does not answer and the latch of ${flag} cannot be kept on disk: it is stopped in this process only, until it ends.`,
    { cause },
  );
}
