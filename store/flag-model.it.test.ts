import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import { type StoreStand, shape, standFlagStore } from '../test/fixtures/flag-store.ts';
import type { FlagLatch, FlagStore } from './flag-contract.ts';

let stand: StoreStand;
let store: FlagStore;

beforeAll(async () => {
  stand = await standFlagStore();
  ({ store } = stand);
});

afterAll(() => stand?.close());

const latch: FlagLatch = { by: 'eve', reason: 'errors', at: '2026-01-01T00:00:00Z' };
const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const flag = (key: string) => ({ environment: 'production', key });

/** The rules again, as a person would say them: percent only, no retries, no safe variants. */
interface Model {
  percent: number;
  revision: number;
  epoch: number;
  owner: string | null;
  latched: boolean;
}

type Step =
  | { do: 'claim' | 'release'; by: string }
  | {
      do: 'raise' | 'lower';
      by: string;
      percent: number;
      epochBack: number;
      believed: 'now' | 'before' | null;
    }
  | { do: 'kill'; percent: number | null }
  | { do: 'unlock' }
  | { do: 'set'; percent: number };

const rollout = fc.constantFrom('r-1', 'r-2');
const percent = fc.constantFrom(0, 1, 5, 25, 100);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('claim' as const, 'release' as const), by: rollout }),
  fc.record({
    do: fc.constantFrom('raise' as const, 'lower' as const),
    by: rollout,
    percent,
    epochBack: fc.constantFrom(0, 0, 0, 1),
    believed: fc.constantFrom('now' as const, 'now' as const, 'before' as const, null),
  }),
  fc.record({ do: fc.constant('kill' as const), percent: fc.option(percent) }),
  fc.record({ do: fc.constant('unlock' as const) }),
  fc.record({ do: fc.constant('set' as const), percent }),
);

function expectedOf(model: Model, next: Step): 'changed' | 'refused' {
  switch (next.do) {
    case 'claim':
      return model.latched || (model.owner !== null && model.owner !== next.by) ? 'refused' : 'changed';
    case 'lower':
    case 'raise': {
      if (model.owner !== next.by) return 'refused';
      if (next.do === 'lower' && next.percent <= model.percent) return 'changed';
      return model.latched || next.epochBack > 0 || next.believed === 'before' ? 'refused' : 'changed';
    }
    case 'unlock':
      return model.latched ? 'changed' : 'refused';
    case 'set':
      return model.latched && next.percent > model.percent ? 'refused' : 'changed';
    default:
      return 'changed';
  }
}

/** What widened the flag under the name of a lowering must not keep it from being lowered by hand after a kill. */
const WIDENED_BY_LOWERING: Step[] = [
  { do: 'lower', by: 'r-1', percent: 5, epochBack: 0, believed: 'now' },
  { do: 'kill', percent: 5 },
  { do: 'set', percent: 1 },
];

test('any sequence of operations keeps the rules', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const target = flag(`model-${run++}`);
      await store.claim(target, shape, 'r-1');
      let model: Model = { percent: 0, revision: 1, epoch: 1, owner: 'r-1', latched: false };
      for (const next of steps) {
        const before = model;
        const expected = expectedOf(model, next);
        const outcome = await perform(target, model, next);
        const now = await store.read(target);
        if (now === null) throw new Error('the flag is gone');
        // A raise that only repeats what is in force may also be told as unchanged or as drift; nothing moves then.
        if (outcome !== 'nothing') expect([next, outcome]).toEqual([next, expected]);
        if (outcome === 'refused')
          expect(now).toMatchObject({ revision: before.revision, exposure: to(before.percent) });
        if (before.latched && next.do !== 'unlock')
          expect(now.exposure.percent).toBeLessThanOrEqual(before.percent);
        if (next.do === 'kill')
          expect(now).toMatchObject({ exposure: to(Math.min(next.percent ?? 0, before.percent)) });
        if (next.do === 'kill') expect(now.latch).not.toBeNull();
        expect(now.epoch).toBeGreaterThanOrEqual(before.epoch);
        model = {
          percent: now.exposure.percent,
          revision: now.revision,
          epoch: now.epoch,
          owner: now.rolloutId,
          latched: now.latch !== null,
        };
      }
      const history = await store.revisions(target, 1000);
      expect(history.map(({ revision }) => revision)).toEqual(history.map((_, n) => model.revision - n));
    }),
    { numRuns: 60, examples: [[WIDENED_BY_LOWERING]] },
  );
});

async function perform(target: { environment: string; key: string }, model: Model, next: Step) {
  switch (next.do) {
    case 'claim':
      return (await store.claim(target, shape, next.by)).kind === 'claimed' ? 'changed' : 'refused';
    case 'release':
      await store.release(target, next.by);
      return 'changed';
    case 'kill':
      await store.kill(target, next.percent === null ? null : to(next.percent), latch);
      return 'changed';
    case 'unlock':
      return store.unlock(target, 'ada', 'ok').then(
        () => 'changed',
        () => 'refused',
      );
    case 'set':
      return store.set(target, to(next.percent), 'mallory', 'by hand').then(
        () => 'changed',
        () => 'refused',
      );
    default: {
      const expectedRevision = { now: model.revision, before: model.revision - 1 }[next.believed ?? 'now'];
      const result = await store.write({
        ...target,
        rolloutId: next.by,
        epoch: model.epoch - next.epochBack,
        exposure: to(next.percent),
        author: next.by,
        direction: next.do,
        expectedRevision: next.believed === null ? null : expectedRevision,
        reason: 'step',
      });
      if (result.kind === 'unchanged') return 'nothing';
      return result.kind === 'written' ? 'changed' : 'refused';
    }
  }
}
