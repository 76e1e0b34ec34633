/**
 * `npm run lock`: makes package-lock.json anew from package.json, complete for every system. A registry that mirrors
 * only some systems lets npm write a lock without the optional packages of the others, which `npm ci` then refuses
 * everywhere. They are added by name and version, with the system that their name tells.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './setup/command.mjs';
import { root } from './setup/root.mjs';

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPU = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

const dir = await mkdtemp(join(tmpdir(), 'tidegate-lock-'));
try {
  for (const file of ['package.json', '.npmrc']) await copyFile(join(root, file), join(dir, file));
  const { status, output } = await command('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
    cwd: dir,
  });
  if (status !== 0) throw new Error(output);
  const lock = JSON.parse(await readFile(join(dir, 'package-lock.json'), 'utf8'));
  lock.packages = completed(lock.packages);
  await writeFile(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
} finally {
  await rm(dir, { recursive: true, force: true });
}

function completed(packages) {
  const kept = Object.fromEntries(Object.entries(packages).filter(([, entry]) => entry.extraneous !== true));
  const added = {};
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(kept)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isThere(kept, path, name)) continue;
      const { os, cpu, libc } = systemOf(name);
      // In the order in which npm writes them.
      added[`node_modules/${name}`] = { version, cpu, ...(dev ? { dev } : {}), ...libc, optional: true, os };
    }
  }
  const [top, ...rest] = Object.entries({ ...kept, ...added });
  return Object.fromEntries([top, ...rest.sort(([a], [b]) => a.localeCompare(b, 'en'))]);
}

/** Node looks in the package's own node_modules, then in those above it. */
function isThere(packages, path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in packages) return true;
    if (at === '') return false;
  }
}

function systemOf(name) {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const [os, cpu] = [OS, CPU].map((known) => known.find((word) => words.includes(word)));
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not tell its system`);
  const libc = os === 'linux' ? LIBC[words.at(-1)] : undefined;
  return { os: [os], cpu: [cpu], libc: libc === undefined ? {} : { libc: [libc] } };
}
