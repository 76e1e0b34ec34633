import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmergencyLatch, Latches } from './latches.ts';

export interface LatchWatch {
  /** Looks now; resolves when the listener has heard what is there. */
  rescan(): Promise<void>;
  stop(): void;
}

/** A watch of the file system may be missing or lose events; a look this often keeps the promise of 250 ms. */
const POLL_MS = 150;

/**
 * Tells `onChange` the latches there are, now and whenever they change. While the folder cannot be read the last
 * answer holds and `onError` is told once.
 */
export async function watchLatches(
  latches: Latches,
  onChange: (latches: EmergencyLatch[]) => void,
  onError: (error: unknown) => void,
): Promise<LatchWatch> {
  const watchers = new Map<string, FSWatcher>();
  let known = '';
  let broken = false;
  let stopped = false;
  let scanning = Promise.resolve();
  let queued = false;

  async function scan(): Promise<void> {
    try {
      const found = await latches.list();
      await watchFolders();
      broken = false;
      const ids = found
        .map(({ environment, key, kind, id }) => [environment, key, kind, id].join('\n'))
        .join('\n\n');
      if (ids === known || stopped) return;
      known = ids;
      onChange(found);
    } catch (error) {
      if (!broken) onError(error);
      broken = true;
    }
  }

  async function watchFolders(): Promise<void> {
    const folders = (await readdir(latches.folder, { withFileTypes: true })).filter((entry) =>
      entry.isDirectory(),
    );
    for (const folder of [latches.folder, ...folders.map((entry) => join(latches.folder, entry.name))]) {
      if (watchers.has(folder) || stopped) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => void rescan());
        watcher.on('error', () => {
          watcher.close();
          watchers.delete(folder);
        });
        watchers.set(folder, watcher);
      } catch {
        // No watch to be had (a limit of the system): the poll alone does it.
        return;
      }
    }
  }

  function rescan(): Promise<void> {
    // One scan runs and one waits: the one that waits sees everything that happened before it began.
    if (!queued) {
      queued = true;
      scanning = scanning.then(() => {
        queued = false;
        return scan();
      });
    }
    return scanning;
  }

  await mkdir(latches.folder, { recursive: true }).catch(onError);
  await rescan();
  const timer = setInterval(() => void rescan(), POLL_MS);
  return {
    rescan,
    stop() {
      stopped = true;
      clearInterval(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
