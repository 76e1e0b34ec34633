import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { Failure } from '../../plans/failures.ts';
import { type Child, type ChildLedger, type Log, startChild, untilReady } from './child.ts';
import { onPort } from './ports.ts';
import { type Account, type PostgresFiles, postgresAccount, preparePostgres } from './postgres-files.ts';

export interface PostgresOptions {
  dataDir: string;
  /** Begin without what is there: the folder may be elsewhere than asked for, so only this knows which one it is. */
  fresh?: boolean;
  /** Default: one that is free. */
  port?: number | undefined;
  /** False: without fsync, and the data goes when it stops. */
  persistent: boolean;
  log: Log;
  ledger?: ChildLedger | undefined;
}

export interface RunningPostgres {
  /** Of the superuser, on the database `postgres`; other databases by another path. */
  url: string;
  port: number;
  pid: number;
  child: Child;
  stop(): Promise<void>;
}

const USER = 'postgres';

/**
 * Starts a real PostgreSQL in a process of its own, loopback only, with a password that is made with the data
 * folder. A folder that was used before is used again.
 * @throws Failure PART_MISSING, ALREADY_RUNNING (a server runs on this folder), POSTGRES_UNREACHABLE
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { persistent, log, ledger } = options;
  const account = await postgresAccount();
  const files = await preparePostgres(options.dataDir, account, log);
  const { dataDir } = files;
  if (options.fresh === true) {
    await refuseSecond(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
  if (!(await exists(join(dataDir, 'PG_VERSION')))) await initialise(files, account);
  await refuseSecond(dataDir);
  const password = (await readFile(join(dataDir, 'tidegate.password'), 'utf8')).trim();
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=300',
    'log_min_messages=warning',
    ...(persistent ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const on = { wanted: options.port, code: 'POSTGRES_UNREACHABLE' } as const;
  const { child, url, port } = await onPort(on, async (port) => {
    const child = await startChild({
      name: 'postgres',
      command: join(files.native, 'bin/postgres'),
      args: ['-D', dataDir, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      cwd: dataDir,
      ...account,
      log,
      ledger,
      // "Fast": ends sessions and writes a checkpoint; SIGTERM would wait for every client to leave.
      stopSignal: 'SIGINT',
      grace: 20_000,
    });
    const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
    await untilReady({ child, probe: () => ask(url), code: on.code, timeout: 60_000 });
    return { child, url, port };
  });
  return {
    url,
    port,
    pid: child.pid,
    child,
    stop: async () => {
      await child.stop();
      if (!persistent) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function ask(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('select 1');
  await client.end();
}

/** Beside the place and then moved into it, so that an interrupted start leaves no half cluster. */
async function initialise({ native, dataDir }: PostgresFiles, account: Account | undefined): Promise<void> {
  const half = `${dataDir}.half`;
  await rm(half, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(half, { mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  await writeFile(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  if (account !== undefined) {
    await chown(half, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  // The builtin provider knows UTF-8 whatever locales the machine has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = [
    `--pgdata=${half}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    ...locale,
  ];
  try {
    for (const program of ['initdb', 'postgres']) await executable(join(native, 'bin', program));
    await promisify(execFile)(join(native, 'bin/initdb'), args, { ...account, cwd: dirname(half) });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('PART_MISSING', 'PostgreSQL could not make its data folder', {
      where: dataDir,
      details: text.split('\n').filter(Boolean).slice(-8),
      cause,
    });
  }
  await rename(passwordFile, join(half, 'tidegate.password'));
  await rename(half, dataDir);
}

async function executable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o555);
}

/** A lock file whose process is another program by now (numbers are reused) would keep PostgreSQL from starting. */
async function refuseSecond(dataDir: string): Promise<void> {
  const lock = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'args=']).catch(() => ({
    stdout: '',
  }));
  if (stdout.includes(dataDir)) {
    throw new Failure('ALREADY_RUNNING', `PostgreSQL runs on this data folder already (process ${pid})`, {
      where: dataDir,
    });
  }
  await rm(lock, { force: true });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
