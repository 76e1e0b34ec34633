import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { randomOf } from '../analysis/traffic.fixture.ts';
import { isFailure } from '../plans/failures.ts';
import { hastyPlatform } from '../test/fixtures/hasty-platform.ts';
import { type Contract, type Given, standUp, to } from '../test/fixtures/provider-stand.ts';

/** What a rollout orders in turn, the last one at its end; `true` lowers, also where the raise before it has not landed. */
const ORDERS = [
  [5, false],
  [25, false],
  [50, false],
  [20, true],
  [3, true],
  [50, false],
  [100, false],
  [40, true],
  [0, true],
] as const;
const FLAGS = 10;
const TRIES = 200;

/** As its workflow orders: again until it is answered or another order has come, which one that lowers does not wait to do. */
async function rollOut(
  { target, write }: Given,
  { flags }: Pick<Contract, 'flags'>,
  random: () => number,
): Promise<void> {
  let turn = 0;
  async function order(percent: number, lowers: boolean, revision: number): Promise<void> {
    const mine = turn;
    const how = lowers
      ? { direction: 'lower' as const, expectedRevision: percent === 0 ? null : revision }
      : { expectedRevision: revision };
    for (let attempt = 0; attempt < TRIES && (attempt === 0 || turn === mine); attempt += 1) {
      try {
        await write(to(percent), how);
        return;
      } catch (error) {
        if (!isFailure(error)) throw error;
      }
    }
  }
  let open: Promise<void>[] = [];
  for (const [i, [percent, lowers]] of ORDERS.entries()) {
    // Before the next one is given: read after it, this one would be the last.
    const revision = (await flags.read(target))?.revision ?? 0;
    turn += 1;
    open.push(order(percent, lowers, revision));
    const isOvertaken = ORDERS[i + 1]?.[1] === true && random() < 0.5;
    if (isOvertaken) await sleep(random() * 30);
    else {
      await Promise.all(open);
      open = [];
    }
  }
}

test.each(['digest', 'changes', 'writes'] as const)(
  'in whatever order requests and answers come, the last order stands and nobody else has moved the flag: versions that are %s',
  async (versions) => {
    const seed = Math.floor(Math.random() * 1e9);
    const random = randomOf(seed);
    const hasty = hastyPlatform(random, versions);
    const contract = await standUp(async () => ({
      platform: hasty.platform,
      move: async () => undefined,
      who: null,
      served: async (key) => hasty.served(key),
      close: async () => undefined,
    }));
    const { provider, flags } = contract;
    const all: Given[] = [];
    for (let i = 0; i < FLAGS; i += 1) all.push(await contract.given(0));
    hasty.faulty = true;
    let moving = true;
    // Consoles, gates and sweepers of other processes.
    const others = all.map(async ({ target }) => {
      while (moving) {
        await Promise.all([provider.read(target), provider.read(target)]).catch(() => undefined);
        await provider.sweep().catch(() => undefined);
      }
    });
    await Promise.all(all.map((one) => rollOut(one, contract, random))).finally(() => {
      moving = false;
    });
    await Promise.all(others);
    hasty.faulty = false;
    await provider.sweep();
    for (const { key, target } of all) {
      const revisions = await flags.revisions(target);
      const told = revisions.map(
        ({ revision, exposure, author }) => `${revision} ${exposure.percent} ${author}`,
      );
      const somebody = told.filter((line) => line.includes('somebody'));
      // All that a report of a failure needs in one text.
      const seen = JSON.stringify({ served: hasty.served(key), somebody, seed, key, told });
      expect(seen).toContain('{"served":0,"somebody":[]');
    }
    await contract.close();
  },
  60_000,
);
