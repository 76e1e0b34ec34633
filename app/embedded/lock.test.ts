import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder, lockHolder } from './lock.ts';
import { birthOf } from './processes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock of a data folder', () => {
  it('names the process and the addresses of the one that runs', async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ details: ['It is still starting.'] });
    await lock.announce({ server: 'http://127.0.0.1:7070' });
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining(String(process.pid)),
      details: ['server: http://127.0.0.1:7070'],
    });
    await lock.release();
    expect(await lockHolder(folder)).toBeUndefined();
    const next = await lockFolder(folder);
    await next.release();
  });

  it('goes to exactly one of many who try at once, also over a stale one', async () => {
    await writeFile(
      join(folder, 'up.lock'),
      JSON.stringify({ pid: 2 ** 22 - 1, birth: 'long ago', addresses: {} }),
    );
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
    expect(tries.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
  });

  it('is taken over when its number belongs to another process by now', async () => {
    await writeFile(
      join(folder, 'up.lock'),
      JSON.stringify({ pid: process.pid, birth: 'long ago', addresses: {} }),
    );
    const lock = await lockFolder(folder);
    expect((await lockHolder(folder))?.birth).toBe(birthOf(process.pid));
    await lock.release();
  });

  it('is taken over when it cannot be read', async () => {
    await writeFile(join(folder, 'up.lock'), '{"pid":');
    await (await lockFolder(folder)).release();
  });
});
