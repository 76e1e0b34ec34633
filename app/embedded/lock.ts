import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import { birthOf, isAlive } from './processes.ts';

const Holder = z.object({
  pid: z.int(),
  birth: z.string(),
  /** What it serves and where, for whoever comes second: `{ server: 'http://127.0.0.1:7070' }`. */
  addresses: z.record(z.string(), z.string()),
});
export type Holder = z.infer<typeof Holder>;

export interface FolderLock {
  /** Writes down where the parts are reached, once they are. */
  announce(addresses: Readonly<Record<string, string>>): Promise<void>;
  release(): Promise<void>;
}

const FILE = 'up.lock';
/** Clearing takes milliseconds; a guard older than this was left by a process that died. */
const GUARD_AGE = 5_000;

/**
 * Makes this process the only `tidegate up` of a data folder. A lock whose holder was killed is taken over.
 * @throws Failure ALREADY_RUNNING, with the other's process number and addresses
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, FILE);
  const birth = birthOf(process.pid);
  if (birth === undefined)
    throw new Failure('INTERNAL', 'this process cannot find itself in the list of processes');
  const write = async (file: string, addresses: Readonly<Record<string, string>>): Promise<void> => {
    await writeFile(file, `${JSON.stringify({ pid: process.pid, birth, addresses })}\n`);
  };
  const own = join(folder, `${FILE}.${process.pid}-${randomBytes(4).toString('hex')}`);
  await write(own, {});
  try {
    for (;;) {
      // A link is made whole or not at all, and by one of two who try.
      if (await linked(own, path)) break;
      const holder = await lockHolder(folder);
      if (holder !== undefined) throw alreadyRunning(holder, folder);
      await clearStale(path);
    }
  } finally {
    await rm(own, { force: true });
  }
  return {
    announce: async (addresses) => {
      await write(own, addresses);
      await rename(own, path);
    },
    release: () => rm(path, { force: true }),
  };
}

/** Who runs on this data folder; undefined when nobody does any more. */
export async function lockHolder(folder: string): Promise<Holder | undefined> {
  return livingHolder(join(folder, FILE));
}

async function livingHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const holder = Holder.safeParse(text === undefined ? undefined : parsed(text));
  return holder.success && isAlive(holder.data) ? holder.data : undefined;
}

/**
 * Removes a lock whose holder is dead. Only one may at a time, and it looks again first: whoever acted on an older
 * look would remove the fresh lock of the one who was faster.
 */
async function clearStale(path: string): Promise<void> {
  const guard = `${path}.clearing`;
  try {
    await (await open(guard, 'wx')).close();
  } catch {
    await outlived(guard);
    return;
  }
  try {
    if ((await livingHolder(path)) === undefined) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** Another one is clearing: a moment, and its guard goes if it died over it. */
async function outlived(guard: string): Promise<void> {
  const made = await stat(guard).catch(() => undefined);
  if (made !== undefined && Date.now() - made.mtimeMs > GUARD_AGE) await rm(guard, { force: true });
  await new Promise((resolve) => setTimeout(resolve, 10));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function alreadyRunning({ pid, addresses }: Holder, folder: string): Failure {
  const places = Object.entries(addresses).map(([name, address]) => `${name}: ${address}`);
  return new Failure('ALREADY_RUNNING', `Tidegate runs on this folder already (process ${pid})`, {
    where: folder,
    details: places.length > 0 ? places : ['It is still starting.'],
  });
}
