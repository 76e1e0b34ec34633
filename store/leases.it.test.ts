import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import { type StoreStand, shape, standFlagStore } from '../test/fixtures/flag-store.ts';
import type { FlagChange, FlagStore } from './flag-contract.ts';

let stand: StoreStand;
let store: FlagStore;

beforeAll(async () => {
  stand = await standFlagStore({ max: 5 });
  ({ store } = stand);
});

afterAll(() => stand?.close());

const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const flag = (key: string) => ({ environment: 'production', key });
const SHORT = 0.02;

/** A flag at 25 % with a lease back to 5 %, as revision 2. */
async function leased(key: string, seconds: number): Promise<void> {
  await store.claim(flag(key), shape, 'r-1');
  await store.write(raise(key, 25, { lease: { seconds, fallback: to(5) } }));
}

function raise(key: string, percent: number, over: Partial<FlagChange> = {}): FlagChange {
  const base = { rolloutId: 'r-1', epoch: 1, expectedRevision: null, author: 'r-1', reason: `${percent} %` };
  return { ...flag(key), ...base, exposure: to(percent), direction: 'raise', ...over };
}

const renewal = (revision: number, seconds: number | null) => ({
  rolloutId: 'r-1',
  epoch: 1,
  revision,
  terms: seconds === null ? null : { seconds, fallback: to(5) },
});

/** Until the flag has gone back; nobody but a reader is there. */
async function lapsed(key: string) {
  await expect.poll(async () => (await store.read(flag(key)))?.exposure).toEqual(to(5));
  return store.read(flag(key));
}

test('a lease is renewed without a new revision, and ends without one', async () => {
  await leased('renewed', 60);
  const before = await store.read(flag('renewed'));
  const result = await store.renew(flag('renewed'), renewal(2, 600));
  expect(result).toMatchObject({ kind: 'renewed', reading: { revision: 2, exposure: to(25) } });
  const after = await store.read(flag('renewed'));
  expect(after?.revision).toBe(2);
  expect((after?.lease?.until ?? 0) - (before?.lease?.until ?? 0)).toBeGreaterThan(500_000);
  await store.renew(flag('renewed'), renewal(2, null));
  expect((await store.read(flag('renewed')))?.lease).toBeNull();
  expect(await store.revisions(flag('renewed'))).toHaveLength(2);
});

test('one that has run out is a revision that names it, and cannot be renewed any more', async () => {
  await leased('late', SHORT);
  await lapsed('late');
  const [last] = await store.revisions(flag('late'));
  expect(last).toMatchObject({ revision: 3, exposure: to(5), rolloutId: null, author: 'tidegate (lease)' });
  expect(await store.renew(flag('late'), renewal(2, 60))).toMatchObject({
    kind: 'refused',
    current: { revision: 3 },
  });
  expect(await store.renew(flag('late'), renewal(3, 60))).toMatchObject({
    kind: 'renewed',
    reading: { lease: null },
  });
});

test('a write onto one that has run out is refused as drift, and taken on what is in force', async () => {
  await leased('drifted', 1);
  const until = (await store.read(flag('drifted')))?.lease?.until ?? 0;
  // Not by reading the flag, which would carry it out.
  await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThan(until + 50);
  expect(await store.write(raise('drifted', 50, { expectedRevision: 2 }))).toMatchObject({
    kind: 'refused',
    why: 'drift',
    current: { exposure: to(5), lease: { fallback: to(5) } },
  });
  const again = raise('drifted', 25, { expectedRevision: 3, lease: { seconds: 60, fallback: to(5) } });
  expect(await store.write(again)).toMatchObject({ kind: 'written', before: 3, after: 4 });
  expect((await store.read(flag('drifted')))?.lease?.until).toBeGreaterThan(Date.now());
});

test('is listed as what it is once it has run out', async () => {
  await leased('listed', SHORT);
  const listed = async () => (await store.list('production')).find(({ key }) => key === 'listed');
  await expect.poll(async () => (await listed())?.exposure).toEqual(to(5));
  expect((await listed())?.revision).toBe(3);
});

test.each<[string, (key: string) => Promise<unknown>]>([
  ['kill', (key) => store.kill(flag(key), null, { by: 'eve', reason: 'bad', at: '2026-01-01T00:00:00Z' })],
  ['rollback', (key) => store.write(raise(key, 0, { direction: 'lower' }))],
  ['hand', (key) => store.set(flag(key), to(10), 'eve', 'by hand')],
  ['release', (key) => store.release(flag(key), 'r-1')],
])('a %s ends the lease, so that nothing moves the flag afterwards', async (key, end) => {
  await leased(key, 60);
  await end(key);
  const after = await store.read(flag(key));
  expect(after?.lease).toBeNull();
  expect(await store.renew(flag(key), renewal(2, 60))).toMatchObject({ kind: 'refused' });
});

test('a fallback that would expose anybody more is no lease', async () => {
  await store.claim(flag('upside'), shape, 'r-1');
  await store.write(raise('upside', 5, { lease: { seconds: SHORT, fallback: to(25) } }));
  expect((await store.read(flag('upside')))?.lease).toBeNull();
});

test('what is served already takes the lease of the write that repeats it, as no new revision', async () => {
  await leased('repeated', 60);
  const again = raise('repeated', 25, { expectedRevision: 2 });
  expect(await store.write(again)).toEqual({ kind: 'unchanged', revision: 2, epoch: 1 });
  expect((await store.read(flag('repeated')))?.lease).toBeNull();
  await store.write({ ...again, lease: { seconds: 60, fallback: to(1) } });
  expect((await store.read(flag('repeated')))?.lease?.fallback).toEqual(to(1));
  // A copy of the first raise that comes late.
  await store.write(raise('repeated', 25, { expectedRevision: 1, lease: { seconds: 60, fallback: to(5) } }));
  expect((await store.read(flag('repeated')))?.lease?.fallback).toEqual(to(1));
});
