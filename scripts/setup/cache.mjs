import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isProgram } from './command.mjs';
import { say } from './say.mjs';

/** Shared by all clones and installations of this user. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidegate');

/**
 * The programs of a part from the cache.
 * @param {string} part
 * @param {string[]} programs
 * @returns {Record<string, string> | undefined} absolute path by program
 */
export function fromCache(part, programs) {
  const paths = programs.map((program) => [program, join(cacheFolder, part, program)]);
  return paths.every(([, path]) => isProgram(path)) ? Object.fromEntries(paths) : undefined;
}

/**
 * Lets `make` fill a new folder and moves it into the cache in one step: a setup that is interrupted, or another
 * that runs at the same time, never leaves or sees half a part.
 * @param {string} part
 * @param {string[]} programs which must be there afterwards
 * @param {(folder: string) => Promise<void>} make
 */
export async function intoCache(part, programs, make) {
  const folder = join(cacheFolder, `.${part}-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { recursive: true });
  try {
    await make(folder);
    const absent = programs.filter((program) => !isProgram(join(folder, program)));
    if (absent.length > 0) throw new Error(`${absent.join(', ')} not in what was fetched`);
    const place = join(cacheFolder, part);
    await rm(place, { recursive: true, force: true });
    await rename(folder, place);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * One setup at a time fetches a part; the others wait and then find it in the cache.
 * @template T
 * @param {string} part
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(part, work) {
  await mkdir(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${part}.lock`);
  let told = false;
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    // An empty file is one that its owner is about to write.
    if (owner > 0 && !isAlive(owner)) {
      await clearStale(path, owner);
      continue;
    }
    if (!told)
      say(`${part}: another setup is at it${owner > 0 ? ` (process ${owner})` : ''}; waiting for it`);
    told = true;
    await wait(300);
  }
  try {
    await sweep(part);
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Of several who see the same dead owner, the slower must not remove the fresh lock of the faster. */
async function clearStale(path, owner) {
  const aside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (Number(await readFile(aside, 'utf8')) !== owner) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** What an interrupted setup left behind. Under the lock nobody else fills a folder of this part. */
async function sweep(part) {
  const left = (await readdir(cacheFolder)).filter((name) => name.startsWith(`.${part}-`));
  for (const name of left) await rm(join(cacheFolder, name), { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
