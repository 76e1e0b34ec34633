import { readFile } from 'node:fs/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { type StoreStand, shape, standFlagStore } from '../test/fixtures/flag-store.ts';
import type { Database } from './connection.ts';
import type { FlagChange, FlagDefinition, FlagLatch, FlagStore } from './flag-contract.ts';
import { createFlagRegistry } from './registry.ts';

let stand: StoreStand;
let database: Database;
let store: FlagStore;

beforeAll(async () => {
  stand = await standFlagStore({ max: 20 });
  ({ database, store } = stand);
});

afterAll(() => stand?.close());

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

  test('that ends its rollout shuts out a raise on its way, though the flag stays where it is', async () => {
    await store.claim(flag('frozen'), shape, 'r-1');
    await store.write(raise('frozen', 5, { expectedRevision: 1 }));
    const late = raise('frozen', 25, { expectedRevision: 2 });
    const last = raise('frozen', 5, { direction: 'lower', final: true, expectedRevision: null });
    expect(await store.write(last)).toEqual({ kind: 'written', before: 2, after: 3, epoch: 2 });
    expect(await store.write(late)).toMatchObject({ kind: 'refused', why: 'stale-epoch' });
    expect(await store.write(last)).toEqual({ kind: 'unchanged', revision: 3, epoch: 2 });
    expect(await store.read(flag('frozen'))).toMatchObject({ exposure: to(5) });
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

test('the lifecycle is moved by rollouts, and by nobody else', async () => {
  const target = flag('life');
  const registry = createFlagRegistry(database, []);
  const by = { author: 'ada', reason: 'by hand' };
  const life = async () => (await store.read(target))?.lifecycle;
  const spec = FlagSpec.parse({ kind: 'percentage', purpose: 'ops' });
  await registry.put(target, { shape, spec, create: true }, by);
  await store.set(target, to(100), 'ada', 'by hand');
  expect(await life()).toBe('Proposed');
  await store.set(target, to(0), 'ada', 'by hand');
  await store.claim(target, shape, 'r-1');
  expect(await life()).toBe('Active');
  await store.write(raise('life', 25));
  expect(await life()).toBe('Ramping');
  await store.set(target, to(100), 'ada', 'by hand');
  await registry.put(target, { shape, spec: { ...spec, owner: 'web' }, create: false }, by);
  await store.kill(target, null, latch);
  await store.unlock(target, 'ada', 'mended');
  await registry.undo(target, 1, by);
  expect(await life()).toBe('Ramping');
  await store.release(target, 'r-1');
  expect(await life()).toBe('Proposed');
  await store.claim(target, shape, 'r-2');
  await store.write(raise('life', 100, { rolloutId: 'r-2', epoch: 3 }));
  await store.release(target, 'r-2');
  await store.set(target, to(5), 'ada', 'by hand');
  expect(await life()).toBe('Stable');

  // The flags of a version that had no such column: as the last rollout left them.
  const path = new URL('./migrations/0022_flag_lifecycle.sql', import.meta.url);
  const [, backfill = ''] = (await readFile(path, 'utf8')).split('--> statement-breakpoint');
  await database.run((queries) => queries.execute(sql`update flags set lifecycle = 'Proposed'`));
  await store.claim(flag('life-owned'), shape, 'r-3');
  const lives = async () =>
    Object.fromEntries((await store.list()).map(({ key, lifecycle }) => [key, lifecycle]));
  await database.run((queries) => queries.execute(sql.raw(backfill)));
  expect(await lives()).toMatchObject({ life: 'Stable', 'life-owned': 'Active', 'handed-on': 'Ramping' });
});

test('the list holds one environment or all', async () => {
  await store.claim({ environment: 'elsewhere', key: 'listed' }, shape, 'r-9');
  expect((await store.list('elsewhere')).map(({ key }) => key)).toEqual(['listed']);
  expect((await store.list()).length).toBeGreaterThan(1);
});
