import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Exposure } from '../plans/exposure.ts';
import { type StoreStand, shape, standFlagStore } from '../test/fixtures/flag-store.ts';
import type { LinkedFlag, PlatformStore } from './platform-contract.ts';
import { createPlatformStore } from './platform-flags.ts';

const CHANGES = 40;
let stand: StoreStand;
let links: PlatformStore;

beforeAll(async () => {
  stand = await standFlagStore({ max: 20 });
  links = createPlatformStore(stand.database);
});

afterAll(() => stand?.close());

const to = (percent: number): Exposure => ({ percent, segments: [], variant: null });
const told = { changedBy: 'eve', unique: true };

test('a flag and what its platform serves are read of one moment, whoever changes both beside it', async () => {
  const target = { environment: 'production', key: 'checkout' };
  await stand.store.claim(target, { ...shape, provider: 'hasty' }, 'r-1');
  await links.link(target, 'hasty');
  let changing = true;
  const torn: string[] = [];
  const looks = { read: 0, unsettled: 0 };

  /** Each change is of both at once, so no reader may see them differ. */
  async function look(what: keyof typeof looks, read: () => Promise<(LinkedFlag | null)[]>): Promise<void> {
    while (changing) {
      for (const one of await read()) {
        looks[what] += 1;
        const [wanted, served] = [one?.flag.exposure.percent, one?.link.applied?.percent ?? 0];
        if (wanted !== served) torn.push(`${what}: the flag ${wanted} %, its platform ${served} %`);
      }
    }
  }
  async function change(): Promise<void> {
    for (let i = 1; i <= CHANGES; i += 1) {
      const seen = await links.read(target);
      if (seen === null) throw new Error('the flag is gone');
      await links.observe(seen, { ...told, exposure: to(i % 2 === 0 ? 5 : 50), version: String(i) });
    }
  }
  const lookers = [0, 1].flatMap(() => [
    look('read', async () => [await links.read(target)]),
    look('unsettled', () => links.unsettled('hasty')),
  ]);
  await change().finally(() => {
    changing = false;
  });
  await Promise.all(lookers);
  expect(torn).toEqual([]);
  expect(looks.read).toBeGreaterThan(0);
  expect(looks.unsettled).toBeGreaterThan(0);
  expect((await links.read(target))?.flag.revision).toBe(CHANGES + 1);
});
