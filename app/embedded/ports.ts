import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { type FailureCode, isFailure } from '../../plans/failures.ts';

const HOST = '127.0.0.1';

/** True when nothing listens on this loopback port and we may. */
export async function isPortFree(port: number): Promise<boolean> {
  // Binding alone would succeed on some systems beside a listener on every interface.
  return !(await answers(port)) && (await bind(port)) === port;
}

/** A port that the system chooses. It is free now; who takes it should do so at once. */
export async function freePort(): Promise<number> {
  const port = await bind(0);
  if (port === undefined) throw new Error('the system has no free port');
  return port;
}

const MOST_TRIES = 2;

/**
 * Starts something on `wanted`, or where nothing is wanted on a free port. `code`: the failure with which it does not come up; whoever else
 * looks for a free port may take the one that was found before it has it, so then it is tried on another one.
 */
export async function onPort<T>(
  { wanted, code }: { wanted: number | undefined; code: FailureCode },
  start: (port: number) => Promise<T>,
): Promise<T> {
  if (wanted !== undefined) return start(wanted);
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (tries === MOST_TRIES || !isFailure(error) || error.code !== code) throw error;
    }
  }
}

/** The first free port from `wanted` on, then any. */
export async function nextFreePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = wanted; port < wanted + 50 && port < 65_536; port++) {
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  return freePort();
}

export interface PortOwner {
  pid: number;
  /** The program's name, for example "node". */
  command: string;
}

/** Who listens on this port; undefined when nobody does or the system does not tell us. */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  return process.platform === 'linux' ? ownerFromProc(port) : ownerFromLsof(port);
}

/** "port 7070 is taken by node (process 4711)", for messages. */
export async function describeBusyPort(port: number): Promise<string> {
  const owner = await portOwner(port);
  return `port ${port} is taken${owner === undefined ? '' : ` by ${owner.command} (process ${owner.pid})`}`;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: HOST, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}

async function ownerFromProc(port: number): Promise<PortOwner | undefined> {
  const inodes = new Set<string>();
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const field = line.trim().split(/\s+/);
      const [local, state, inode] = [field[1], field[3], field[9]];
      if (local?.endsWith(suffix) && state === '0A' && inode !== undefined) inodes.add(`socket:[${inode}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (!inodes.has(target)) continue;
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'another process');
      return { pid: Number(pid), command: command.trim() };
    }
  }
  return undefined;
}

async function ownerFromLsof(port: number): Promise<PortOwner | undefined> {
  const answer = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']).catch(
    () => undefined,
  );
  const pid = answer?.stdout.match(/^p(\d+)$/m)?.[1];
  const command = answer?.stdout.match(/^c(.+)$/m)?.[1];
  return pid === undefined ? undefined : { pid: Number(pid), command: command ?? 'another process' };
}
