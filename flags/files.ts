import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that a reader, or this machine after a power cut, sees the old text or the new one and nothing
 * between: temporary file, fsync, rename, fsync of the folder. The folder is made if it is missing.
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
  await replace({ path, text, mode: 0o666 });
}

/** The same for a file that nobody but its owner may read. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await replace({ path, text, mode: 0o600 });
}

async function replace({ path, text, mode }: { path: string; text: string; mode: number }): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // Does not end like a file that readers look for.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Null when there is no such file. */
export async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function syncFolder(folder: string): Promise<void> {
  // Some file systems refuse to sync a folder; the rename has happened all the same.
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}
