import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { watchLatches } from './latch-watch.ts';
import { type EmergencyLatch, type Latches, openLatches } from './latches.ts';

let dir: string;
let latches: Latches;
const target = { environment: 'production', key: 'pricing-v2' };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-latches-'));
  latches = openLatches(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function order(over: Partial<EmergencyLatch> = {}): EmergencyLatch {
  return {
    id: 'one',
    kind: 'kill',
    ...target,
    exposure: NO_EXPOSURE,
    by: 'eve',
    reason: 'errors',
    at: '2026-01-01T00:00:00.000Z',
    rolloutId: null,
    epoch: null,
    ...over,
  };
}

test('a latch is one readable file by environment and flag, and leaves nothing else behind', async () => {
  await latches.put(order());
  expect(await readdir(join(dir, 'latches/production'))).toEqual(['pricing-v2.json']);
  expect(JSON.parse(await readFile(join(dir, 'latches/production/pricing-v2.json'), 'utf8'))).toEqual(
    order(),
  );
  expect(await latches.list()).toEqual([order()]);
  await latches.remove(order());
  expect(await latches.list()).toEqual([]);
});

test('a lowering never takes the place of a kill', async () => {
  await latches.put(order());
  await latches.put(order({ id: 'two', kind: 'lower' }));
  expect((await latches.of(target)).map(({ kind }) => kind)).toEqual(['kill', 'lower']);
});

test('taking back an order leaves a newer one in place', async () => {
  await latches.put(order());
  await latches.put(order({ id: 'two' }));
  await latches.remove(order());
  expect((await latches.of(target)).map(({ id }) => id)).toEqual(['two']);
});

test('an empty file that somebody put there in a hurry is a kill', async () => {
  await mkdir(join(dir, 'latches/production'), { recursive: true });
  await writeFile(join(dir, 'latches/production/pricing-v2.json'), '');
  expect(await latches.list()).toMatchObject([{ ...target, kind: 'kill', exposure: null, by: 'latch file' }]);
});

test('only one works on the latches of a flag at a time, and a lock left behind holds nobody up', async () => {
  await mkdir(join(dir, 'latches/production'), { recursive: true });
  // No process has this number: Linux ends at 4,194,304.
  await writeFile(join(dir, 'latches/production/pricing-v2.lock'), '99999999');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      latches.exclusively(target, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await readdir(join(dir, 'latches/production'))).toEqual([]);
});

test('a watch tells each change within 250 ms', async () => {
  let seen: string[] | null = null;
  const watch = await watchLatches(
    latches,
    (found) => (seen = found.map(({ id }) => id)),
    () => undefined,
  );
  await latches.put(order());
  await vi.waitFor(() => expect(seen).toEqual(['one']), { timeout: 250, interval: 5 });
  await latches.put(order({ id: 'two' }));
  await vi.waitFor(() => expect(seen).toEqual(['two']), { timeout: 250, interval: 5 });
  await latches.remove(order({ id: 'two' }));
  await vi.waitFor(() => expect(seen).toEqual([]), { timeout: 250, interval: 5 });
  watch.stop();
});
