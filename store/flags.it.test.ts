import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { type Database, openDatabase } from './connection.ts';
import type { FlagChange, FlagDefinition, FlagLatch, FlagStore } from './flag-contract.ts';
import { createFlagStore } from './flags.ts';
import { migrate } from './migrate.ts';

let server: TestDatabase;
let database: Database;
let store: FlagStore;

beforeAll(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url, { max: 20 });
  store = createFlagStore(database);
});

afterAll(async () => {
  await database.close();
  await server.drop();
});

const shape: FlagDefinition = {
  variants: { on: true, off: false },
  baseline: 'off',
  canary: 'on',
  stickiness: 'userId',
};
const latch: FlagLatch = { by: 'eve', reason: 'errors', at: '2026-01-01T00:00:00Z' };
const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const flag = (key: string) => ({ environment: 'production', key });

function raise(key: string, percent: number, over: Partial<FlagChange> = {}): FlagChange {
  return {
    ...flag(key),
    rolloutId: 'r-1',
    epoch: 1,
    exposure: to(percent),
    direction: 'raise',
    expectedRevision: null,
    author: 'r-1',
    reason: `stage ${percent}%`,
    ...over,
  };
}

describe('a claimed flag', () => {
  test('begins at nobody, and its owner keeps the epoch when it asks again', async () => {
    const first = await store.claim(flag('claimed'), shape, 'r-1');
    expect(first).toMatchObject({
      kind: 'claimed',
      reading: { exposure: NO_EXPOSURE, revision: 1, epoch: 1, rolloutId: 'r-1', latch: null, shape },
    });
    expect(await store.claim(flag('claimed'), shape, 'r-1')).toEqual(first);
    expect(await store.read(flag('claimed'))).toEqual(first.kind === 'claimed' ? first.reading : null);
  });

  test('is refused to another rollout until it is released, and keeps its exposure then', async () => {
    await store.claim(flag('handed-on'), shape, 'r-1');
    await store.write(raise('handed-on', 25));
    expect(await store.claim(flag('handed-on'), shape, 'r-2')).toMatchObject({
      kind: 'refused',
      why: 'owned',
    });
    await store.release(flag('handed-on'), 'r-2');
    expect((await store.read(flag('handed-on')))?.rolloutId).toBe('r-1');
    await store.release(flag('handed-on'), 'r-1');
    await store.release(flag('handed-on'), 'r-1');
    const safe: FlagDefinition = { ...shape, safe: 'frozen' };
    expect(await store.claim(flag('handed-on'), safe, 'r-2')).toMatchObject({
      kind: 'claimed',
      reading: { exposure: to(25), epoch: 2, rolloutId: 'r-2', shape: safe },
    });
  });

  test('goes to exactly one of twenty rollouts that ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.claim(flag('wanted'), shape, `w-${n}`)),
    );
    expect(answers.filter((answer) => answer.kind === 'claimed')).toHaveLength(1);
  });
});

describe('a write', () => {
  test('says the revision before and after, and its repetition changes nothing', async () => {
    await store.claim(flag('written'), shape, 'r-1');
    const write = raise('written', 5, { expectedRevision: 1 });
    expect(await store.write(write)).toEqual({ kind: 'written', before: 1, after: 2, epoch: 1 });
    expect(await store.write(write)).toEqual({ kind: 'unchanged', revision: 2, epoch: 1 });
    expect(await store.revisions(flag('written'))).toMatchObject([
      { revision: 2, exposure: to(5), epoch: 1, rolloutId: 'r-1', author: 'r-1', reason: 'stage 5%' },
      { revision: 1, exposure: NO_EXPOSURE, reason: 'created and claimed' },
    ]);
  });

  test('upwards is refused after somebody moved the flag by hand; downwards is not', async () => {
    await store.claim(flag('drifted'), shape, 'r-1');
    await store.write(raise('drifted', 5, { expectedRevision: 1 }));
    expect(await store.set(flag('drifted'), to(50), 'mallory', 'quick look')).toMatchObject({ revision: 3 });
    const next = raise('drifted', 60, { expectedRevision: 2 });
    expect(await store.write(next)).toMatchObject({
      kind: 'refused',
      why: 'drift',
      current: { exposure: to(50) },
    });
    const lower = raise('drifted', 5, { direction: 'lower', expectedRevision: 2 });
    expect(await store.write(lower)).toMatchObject({ kind: 'written', before: 3, after: 4 });
    expect((await store.revisions(flag('drifted'))).map(({ author }) => author)).toEqual([
      'r-1',
      'mallory',
      'r-1',
      'r-1',
    ]);
  });

  test('to a flag that nobody has claimed says so', async () => {
    await expect(store.write(raise('nowhere', 5))).rejects.toMatchObject({ code: 'FLAG_UNKNOWN' });
    await expect(store.kill(flag('nowhere'), null, latch)).rejects.toMatchObject({ code: 'FLAG_UNKNOWN' });
    expect(await store.read(flag('nowhere'))).toBeNull();
  });
});

describe('a killed flag', () => {
  test('is raised by nobody, keeps its first latch, and is free again after unlock', async () => {
    await store.claim(flag('killed'), shape, 'r-1');
    await store.write(raise('killed', 25));
    expect(await store.kill(flag('killed'), null, latch)).toMatchObject({
      exposure: NO_EXPOSURE,
      epoch: 2,
      latch,
    });
    const second = await store.kill(flag('killed'), NO_EXPOSURE, { ...latch, by: 'second' });
    expect(second).toMatchObject({ revision: 3, epoch: 2, latch });
    expect(await store.write(raise('killed', 50))).toMatchObject({ kind: 'refused', why: 'latched' });
    expect(await store.write(raise('killed', 5, { direction: 'lower' }))).toMatchObject({ kind: 'refused' });
    await expect(store.set(flag('killed'), to(1), 'mallory', '')).rejects.toMatchObject({
      code: 'FLAG_LATCHED',
    });
    expect(await store.claim(flag('killed'), shape, 'r-2')).toMatchObject({
      kind: 'refused',
      why: 'latched',
    });
    expect(await store.unlock(flag('killed'), 'ada', 'mended')).toMatchObject({
      latch: null,
      exposure: NO_EXPOSURE,
    });
    await expect(store.unlock(flag('killed'), 'ada', 'again')).rejects.toMatchObject({
      code: 'FLAG_NOT_LATCHED',
    });
    expect(await store.write(raise('killed', 50))).toMatchObject({ kind: 'refused', why: 'stale-epoch' });
    expect((await store.revisions(flag('killed')))[0]).toMatchObject({
      author: 'ada',
      reason: 'mended',
      rolloutId: null,
    });
  });

  test('stays down, whatever twenty raises do at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const key = `race-${round}`;
      await store.claim(flag(key), shape, 'r-1');
      let killedAt = 0;
      const raises = Array.from({ length: 20 }, (_, n) => store.write(raise(key, n + 1)));
      const kill = store.kill(flag(key), null, latch).then((reading) => {
        killedAt = reading.revision;
      });
      const results = await Promise.all(raises);
      await kill;
      for (const result of results)
        if (result.kind === 'written') expect(result.after).toBeLessThan(killedAt);
      expect(await store.read(flag(key))).toMatchObject({ exposure: NO_EXPOSURE, revision: killedAt });
    }
  });

  test('by five people at once has one latch and one new epoch', async () => {
    await store.claim(flag('many-kills'), shape, 'r-1');
    const by = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(by.map((name) => store.kill(flag('many-kills'), null, { ...latch, by: name })));
    expect(await store.read(flag('many-kills'))).toMatchObject({ epoch: 2, revision: 2 });
  });
});

test('the list holds one environment or all', async () => {
  await store.claim({ environment: 'elsewhere', key: 'listed' }, shape, 'r-9');
  expect((await store.list('elsewhere')).map(({ key }) => key)).toEqual(['listed']);
  expect((await store.list()).length).toBeGreaterThan(1);
});

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
    { numRuns: 60 },
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
