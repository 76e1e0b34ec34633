import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ChildLedger, Log } from './child.ts';
import { birthOf, isAlive } from './processes.ts';

const Entry = z.object({ name: z.string(), pid: z.int().positive(), birth: z.string() });
type Entry = z.infer<typeof Entry>;

const FILE = 'children.json';
const CHECK_EVERY = 50;

/**
 * The ledger of a data folder: which children run now, on disk, so that a later start can find them. It is written
 * before the next line of the caller runs: a kill a moment later still leaves it complete.
 * @param folder the data folder, locked by us
 */
export function childrenOf(folder: string): ChildLedger {
  mkdirSync(folder, { recursive: true });
  const entries = new Map<number, Entry>();
  const save = () => {
    const path = join(folder, FILE);
    writeFileSync(`${path}.new`, `${JSON.stringify([...entries.values()])}\n`);
    renameSync(`${path}.new`, path);
  };
  return {
    add: (name, pid) => {
      const birth = birthOf(pid);
      if (birth === undefined) return;
      entries.set(pid, { name, pid, birth });
      save();
    },
    remove: (pid) => {
      if (entries.delete(pid)) save();
    },
  };
}

/**
 * Ends what an earlier `up` on this folder left behind when it was killed; only processes that are verifiably the
 * ones written down then, by number and birth. Call it with the folder locked, before anything is started.
 * @returns the names of those that were ended
 */
export async function endLeftovers(folder: string, options: { log: Log; grace?: number }): Promise<string[]> {
  const { log, grace = 8_000 } = options;
  const left = readEntries(folder).filter(isAlive);
  await Promise.all(
    left.map(async (entry) => {
      log(`ending ${entry.name} (process ${entry.pid}), left behind by an earlier run that was killed`);
      // For PostgreSQL SIGINT is the fast way down; the others understand it as well.
      send(entry.pid, 'SIGINT');
      if (await endsWithin(entry, grace)) return;
      send(-entry.pid, 'SIGKILL');
      await endsWithin(entry, grace);
    }),
  );
  return left.map((entry) => entry.name);
}

function readEntries(folder: string): Entry[] {
  try {
    return z.array(Entry).parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    // None yet, or cut off in the middle of a crash: then there is nothing that we may safely end.
    return [];
  }
}

async function endsWithin(entry: Entry, time: number): Promise<boolean> {
  const deadline = performance.now() + time;
  while (performance.now() < deadline) {
    if (!isAlive(entry)) return true;
    await new Promise((resolve) => setTimeout(resolve, CHECK_EVERY));
  }
  return false;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
