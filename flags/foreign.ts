import { type Exposure, sameExposure } from '../plans/exposure.ts';
import { Failure, isFailure } from '../plans/failures.ts';
import { inTurn } from '../plans/in-turn.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { lowers } from '../store/flag-rules.ts';
import type { Intention, LinkedFlag } from '../store/platform-contract.ts';
import { refuseElsewhere } from './claim-refusals.ts';
import { within } from './deadline.ts';
import { answerOf, nobody, watched } from './foreign-answers.ts';
import { createForeignEmergency, type ForeignOptions } from './foreign-emergency.ts';
import { createSettling } from './foreign-settle.ts';
import { killInStore, newOrder, readingOf } from './orders.ts';
import type { FlagProvider, FlagReading, FlagTarget, FlagWrite, FlagWriteResult, Latch } from './provider.ts';

/** A provider of flags that another platform serves. */
export interface ForeignProvider extends FlagProvider {
  /** Sends again what the platform has not taken: orders to lower, and kills that PostgreSQL has not heard of. */
  sweep(): Promise<void>;
}

const TRIES = 3;
/**
 * Flags on a platform that knows no owners, epochs and latches: those stand in PostgreSQL, and the platform's own version
 * stands for compare-and-set. Whatever the platform serves and Tidegate has not written becomes a revision of its author, so that
 * a rollout sees it as it sees any other drift. A raise is kept as pending before it is sent and counts when it reads back. What
 * lowers is decided first and sent until it reads back; without PostgreSQL it goes straight to the platform and stands in a latch.
 */
export function createForeignProvider(options: ForeignOptions): ForeignProvider {
  const { platform, latches, service, patienceMs = 1500 } = options;
  const { name } = platform;
  const emergency = createForeignEmergency(options);
  const { stores, linked, settle, push, answered, note, make } = createSettling(options);

  async function raise(write: FlagWrite): Promise<FlagWriteResult> {
    const { links } = stores();
    const { environment, key, exposure, author, reason } = write;
    let before: number | null = null;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      do await settle(write, before !== null);
      while (await answered(write));
      const intention: Intention = await links.intend(write);
      if (intention.kind !== 'go') return answerOf(intention, before);
      const { flag, link } = intention.linked;
      before ??= flag.revision;
      const answer = await platform.write({
        environment,
        key,
        shape: flag.shape,
        exposure,
        expected: link.version,
        author,
        reason,
      });
      if (answer.kind === 'taken' && answer.sighting !== null) await note(intention.linked, answer.sighting);
    }
    await settle(write, true);
    const intention = await links.intend(write);
    if (intention.kind !== 'go') return answerOf(intention, before);
    throw new Failure(
      'PLATFORM_UNREACHABLE',
      `"${name}" does not take the flag ${key} to where it should be.`,
      {
        where: platform.where,
      },
    );
  }

  async function lower(write: FlagWrite): Promise<FlagWriteResult> {
    try {
      const { flags } = stores();
      const flag = await within(patienceMs, flags.read(write));
      if (flag !== null && !lowers(write.exposure, flag.exposure, flag.shape.canary))
        return await raise(write);
      const result = await within(patienceMs, flags.write(write));
      if (result.kind === 'refused') return { ...result, current: readingOf(result.current) };
      await settle(write, true);
      return result;
    } catch (error) {
      if (!isFailure(error) || error.code !== 'POSTGRES_UNREACHABLE') throw error;
      return emergency.lower(write, error);
    }
  }

  /** `wanted`: what the flag is to serve from then on; null: PostgreSQL is away, and the platform was told directly. */
  async function killOnce(
    target: FlagTarget,
    safe: Exposure | null,
    latch: Latch,
  ): Promise<{ reading: FlagReading; wanted: FlagState | null }> {
    const known = service?.definition(target) ?? null;
    const { rolloutId, epoch } = known ?? { rolloutId: null, epoch: null };
    const order = newOrder('kill', target, { exposure: safe, rolloutId, epoch, ...latch });
    const unkept = await latches.put(order).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    let wanted: FlagState;
    try {
      const state = await within(patienceMs, killInStore({ latches, store: stores().flags }, order));
      service?.accept(state);
      wanted = state;
    } catch (error) {
      if (isFailure(error) && error.code !== 'POSTGRES_UNREACHABLE') {
        await latches.remove(order);
        throw error;
      }
      return { reading: await emergency.kill(order, unkept?.error ?? null), wanted: null };
    }
    await latches.remove(order);
    try {
      // Before any look: a raise may have landed that does not read back yet. An order that is above nobody could raise.
      if (nobody(wanted.exposure)) await push(await linked(target), null);
      return { reading: readingOf((await settle(target, true)).flag), wanted };
    } catch (error) {
      throw emergency.unfinished(target, error);
    }
  }

  return {
    name,
    async read(target) {
      if ((await stores().links.read(target)) === null) return null;
      return readingOf((await settle(target, false)).flag);
    },
    async look(target, shape) {
      const seen = await platform.read({ ...target, shape });
      if (seen === null) return null;
      const { exposure, version, changedBy } = seen;
      const by = changedBy === null ? {} : { changedBy };
      // A count fits a revision's place; a digest or an ETag says nothing to people.
      return { exposure, revision: /^\d{1,15}$/.test(version) ? Number(version) : null, ...by };
    },
    async claim(target, shape, rolloutId) {
      const { flags, links } = stores();
      if (!platform.can.moves)
        throw new Failure('NOT_SUPPORTED', `The provider "${name}" only watches: it moves no flag.`);
      await refuseElsewhere(flags, target, name);
      const there = await platform.read({ ...target, shape });
      if (there === null && !platform.can.creates)
        throw new Failure('FLAG_UNKNOWN', `"${name}" has no flag ${target.key}: make it there first.`, {
          where: platform.where,
        });
      const result = await flags.claim(target, { ...shape, provider: name }, rolloutId);
      if (result.kind === 'refused') return { ...result, current: readingOf(result.current) };
      service?.accept(result.reading);
      await links.link(target, name);
      if (there === null) await make(target, shape, rolloutId);
      return { kind: 'claimed', reading: readingOf((await settle(target, false)).flag) };
    },
    write: (write) => (write.direction === 'lower' ? lower(write) : raise(write)),
    async release(target, rolloutId) {
      await stores().flags.release(target, rolloutId);
    },
    async kill(target, safe, latch) {
      if (!platform.can.moves) throw watched(target, platform);
      for (let attempt = 1; ; attempt += 1) {
        const { reading, wanted } = await killOnce(target, safe, latch);
        // Somebody had raised it on the platform: that is known now, so the next order lowers it.
        if (wanted === null || sameExposure(wanted.exposure, reading.exposure)) return reading;
        if (!lowers(wanted.exposure, reading.exposure, wanted.shape.canary)) return reading;
        if (attempt === TRIES)
          throw emergency.unfinished(
            target,
            new Failure('PLATFORM_REFUSED', `Somebody raises ${target.key} on "${name}" again and again.`, {
              where: platform.where,
            }),
          );
      }
    },
    async unlock(target, by, reason) {
      const { flags } = stores();
      // Not to be held up by a platform that is away: whatever it serves is compared at the next read.
      await settle(target, false).catch((error: unknown) => {
        if (!isFailure(error) || !error.code.startsWith('PLATFORM_')) throw error;
      });
      const state = await flags.unlock(target, by, reason);
      service?.accept(state);
      return readingOf(state);
    },
    async sweep() {
      let open: LinkedFlag[];
      try {
        open = await stores().links.unsettled(name);
      } catch (error) {
        if (!isFailure(error) || error.code !== 'POSTGRES_UNREACHABLE') throw error;
        return emergency.sweep();
      }
      await inTurn(open, ({ flag }) => settle(flag, false));
    },
  };
}
