import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, isMissing, readText } from './files.ts';

/** Longer than any statement to PostgreSQL may take, which is what the lock is held for. */
const STALE_MS = 20_000;
const RETRY_MS = 15;

/**
 * Runs `work` while holding the lock file, and waits for whoever holds it before. A lock whose process is gone, or
 * that is older than 20 s, counts as left behind.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!(await take(path))) {
    if (await leftBehind(path)) await discard(path);
    else await sleep(RETRY_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function leftBehind(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path);
    const age = Date.now() - mtimeMs;
    if (age > STALE_MS) return true;
    const pid = Number(await readText(path));
    // Just created and not yet written: give its owner a moment.
    return pid > 0 ? !alive(pid) : age > 1000;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Of several processes that find the same lock left behind only one succeeds in moving it away. */
async function discard(path: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
