import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locked } from './cache.mjs';
import { command, tail } from './command.mjs';
import { root } from './root.mjs';
import { Missing, say } from './say.mjs';

/** Builds `dist` unless it was built from exactly these sources. */
export async function ensureBuild() {
  if (!(await isBuilt())) await locked(`build-${named(root)}`, build);
}

/** Whether `dist` was built from exactly these sources. */
export async function isBuilt() {
  const built = await readFile(join(root, 'dist/.sources'), 'utf8').catch(() => undefined);
  return built === (await sourcesHash());
}

async function build() {
  // Whoever waited for the lock finds what the one before has built.
  if (await isBuilt()) return;
  say('building (usually 20 s)');
  const { status, output } = await command(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
  });
  if (status !== 0) throw new Missing('the build failed', tail(output, 40), 'BUILD_FAILED');
}

/** Short, and another one for each clone. */
function named(folder) {
  return createHash('sha256').update(folder).digest('hex').slice(0, 12);
}

const OUTSIDE = /^(\.|dist|node_modules$|coverage$|docs$)/;
const NOT_READ = /^\.|\.(test\.ts|md|tgz)$/;

/** A sum over every file that the build reads. */
export async function sourcesHash() {
  const hash = createHash('sha256');
  for (const path of (await files('')).sort()) {
    hash.update(`${path}\0`).update(await readFile(join(root, path)));
  }
  return hash.digest('hex');
}

async function files(folder) {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const nested = entries.map((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return OUTSIDE.test(entry.name) ? [] : files(path);
    return entry.isFile() && !NOT_READ.test(entry.name) ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}
