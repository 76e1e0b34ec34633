import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, tail } from './command.mjs';
import { root } from './root.mjs';
import { Missing, say } from './say.mjs';

/** Installs the packages of package-lock.json unless they are there in exactly these versions. */
export async function ensurePackages() {
  if (await installed()) return;
  say('packages: npm ci (usually 30 s, longer with an empty npm cache)');
  // An install without its development packages could neither build nor test.
  const { status, output } = await command('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
  });
  if (status !== 0) {
    throw new Missing('the packages could not be installed', [
      ...tail(output, 8),
      'Check that this machine reaches its npm registry (`npm ping`), then run this again.',
    ]);
  }
  say('packages: there');
}

/** npm writes the second file when it has finished: it lists what is in node_modules. */
async function installed() {
  try {
    const wanted = await lockfile('package-lock.json');
    const present = await lockfile('node_modules/.package-lock.json');
    return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
      if (path === '') return true;
      const there = present[path];
      // Optional ones are for other systems.
      return there === undefined
        ? optional === true
        : there.version === version && there.integrity === integrity;
    });
  } catch {
    return false;
  }
}

async function lockfile(path) {
  return JSON.parse(await readFile(join(root, path), 'utf8')).packages;
}
