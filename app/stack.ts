import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { stringify } from 'yaml';
import { migrate } from '../store/migrate.ts';
import { readAdminToken } from './admin-token.ts';
import { type Child, startChild, untilReady } from './embedded/child.ts';
import { childrenOf, endLeftovers } from './embedded/children.ts';
import { type FolderLock, lockFolder } from './embedded/lock.ts';
import { findParts } from './embedded/parts.ts';
import { describeBusyPort, isPortFree, nextFreePort } from './embedded/ports.ts';
import { startPostgres } from './embedded/postgres.ts';
import { type ScrapeConfig, startPrometheus } from './embedded/prometheus.ts';
import { startTemporal } from './embedded/temporal.ts';
import { adminTokenFile, commandFile } from './paths.ts';

export interface StackOptions {
  /** Everything that the stack writes stands below this folder; one stack per folder. */
  data: string;
  say: (line: string) => void;
  /** What Prometheus scrapes, given the ports that were chosen for `extra`. */
  scrape?: (ports: Readonly<Record<string, number>>) => { configs: ScrapeConfig[]; interval: string };
  /** Ports wanted besides the stack's own, by name. */
  extra?: Readonly<Record<string, number>>;
  /** More of tidegate.yaml: segments, channels. */
  settings?: Record<string, unknown>;
  /** Seconds after which a window is complete. */
  settle?: string;
  /** Begin without what an earlier run left in the folder. */
  fresh?: boolean;
  /** Gives up the start: what has been started is stopped again, and the start rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Another first port for each part; tests run several stacks beside each other. */
  wanted?: Partial<Record<PortName, number>>;
}

const PORTS = {
  server: 7070,
  sync: 8015,
  workerSync: 8016,
  temporal: 7233,
  prometheus: 9090,
  postgres: 5433,
  serverTelemetry: 9464,
  workerTelemetry: 9465,
} as const;
type PortName = keyof typeof PORTS;

/** All of Tidegate on one machine: real PostgreSQL, Temporal, Prometheus, a worker and a server, each a process. */
export interface Stack {
  configFile: string;
  ports: Readonly<Record<string, number>>;
  urls: { server: string; prometheus: string; postgres: string; temporal: string };
  /** The processes by name, to be stopped and started one by one. */
  parts: Record<PartName, Part>;
  /** The administrator's token of this machine where this start has made it; null: it is the one of before. */
  newToken: string | null;
  /** Asks the server's API as the administrator of this machine. `path` begins below /api/v1. */
  api(path: string, request?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/** What a stack leaves in its folder, besides logs. */
const LEFT = [
  'postgres',
  'temporal.db',
  'temporal.db-shm',
  'temporal.db-wal',
  'prometheus',
  'definitions',
  'latches',
];

const PART_NAMES = ['postgres', 'temporal', 'prometheus', 'server', 'worker'] as const;
export type PartName = (typeof PART_NAMES)[number];

export interface Part {
  pid(): number | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when the process ends without having been asked to. */
  onExit(tell: (name: string) => void): void;
}

interface Running {
  pid: number;
  child: Child;
  stop(): Promise<void>;
}

function part(name: PartName, begin: () => Promise<Running>): Part {
  let running: Running | null = null;
  let starting: Promise<Running> | null = null;
  let wanted = false;
  const listeners: ((name: string) => void)[] = [];
  return {
    pid: () => running?.pid ?? null,
    async start() {
      wanted = true;
      starting = begin();
      const started = await starting;
      running = started;
      void started.child.exited.then(() => {
        if (running === started && wanted) for (const tell of listeners) tell(name);
      });
    },
    async stop() {
      wanted = false;
      // One that is on its way up when its neighbour fails is stopped too.
      const started = await starting?.catch(() => null);
      await started?.stop();
      running = null;
      starting = null;
    },
    onExit: (tell) => void listeners.push(tell),
  };
}

/** Starts the whole stack; rejects with everything stopped when a part cannot start. @throws Failure ALREADY_RUNNING, PART_MISSING, PORT_BUSY */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { data, say } = options;
  await mkdir(join(data, 'logs'), { recursive: true });
  // As root, PostgreSQL runs as another account, which must reach its own folder below this one.
  if (process.getuid?.() === 0) await chmod(data, 0o711);
  const lock = await lockFolder(data);
  const parts: Partial<Record<PartName, Part>> = {};
  try {
    return await assemble(options, lock, parts, say);
  } catch (error) {
    await stopAll(parts);
    await lock.release();
    throw error;
  }
}

async function assemble(
  options: StackOptions,
  lock: FolderLock,
  parts: Partial<Record<PartName, Part>>,
  say: (line: string) => void,
): Promise<Stack> {
  const { data, signal } = options;
  const next = (line: string) => {
    signal?.throwIfAborted();
    say(line);
  };
  await endLeftovers(data, { log: say });
  if (options.fresh === true) {
    await Promise.all(LEFT.map((name) => rm(join(data, name), { recursive: true, force: true })));
  }
  const ledger = childrenOf(data);
  const programs = await findParts({ onProgress: say });
  const ports = await choosePorts({ ...PORTS, ...options.wanted, ...options.extra }, say);
  const logTo = (name: string) => {
    const stream = createWriteStream(join(data, 'logs', `${name}.log`), { flags: 'a' });
    return (line: string) => void stream.write(`${line}\n`);
  };
  // The worker's output is its terminal channel: messages to people, shown where `up` was called.
  const said = (name: string, log: (line: string) => void) => (line: string) => {
    log(line);
    if (name === 'worker' && !line.startsWith('{')) say(line);
  };
  const port = (name: string) => ports[name] ?? 0;
  const urls = {
    server: `http://127.0.0.1:${port('server')}`,
    prometheus: `http://127.0.0.1:${port('prometheus')}`,
    postgres: '',
    temporal: `127.0.0.1:${port('temporal')}`,
  };

  next('PostgreSQL: starting (about 2 s)');
  // Once: a part that is started again goes on with what it has.
  let fresh = options.fresh === true;
  parts.postgres = part('postgres', async () => {
    const postgres = await startPostgres({
      dataDir: join(data, 'postgres'),
      port: port('postgres'),
      persistent: true,
      fresh,
      log: logTo('postgres'),
      ledger,
    });
    fresh = false;
    urls.postgres = await ensureDatabase(postgres.url);
    return postgres;
  });
  await parts.postgres.start();
  await migrate(urls.postgres);

  next('Temporal and Prometheus: starting (about 3 s)');
  const scraped = options.scrape?.(ports) ?? { configs: [], interval: '1s' };
  parts.temporal = part('temporal', () =>
    startTemporal({
      binary: programs.temporal,
      port: port('temporal'),
      dbFile: join(data, 'temporal.db'),
      log: logTo('temporal'),
      ledger,
    }),
  );
  parts.prometheus = part('prometheus', () =>
    startPrometheus({
      binary: programs.prometheus,
      dir: join(data, 'prometheus'),
      port: port('prometheus'),
      scrapeConfigs: [ownMetrics(ports), ...scraped.configs],
      scrapeInterval: scraped.interval,
      retention: '15d',
      log: logTo('prometheus'),
      ledger,
    }),
  );
  await Promise.all([parts.temporal.start(), parts.prometheus.start()]);

  const configFile = join(data, 'tidegate.yaml');
  const tokenFile = adminTokenFile(data);
  const before = await readAdminToken(tokenFile);
  await writeFile(configFile, configText(options, ports, urls), { mode: 0o600 });
  next('worker and server: starting (about 2 s)');
  const run = (name: 'worker' | 'server', ready: string) => async (): Promise<Running> => {
    const log = said(name, logTo(name));
    const child = await startChild({
      name,
      command: process.execPath,
      args: [commandFile(), name, '--config', configFile],
      log,
      ledger,
    });
    await untilReady({ child, probe: () => probe(ready), code: 'PART_MISSING', timeout: 60_000 });
    return { pid: child.pid, child, stop: () => child.stop() };
  };
  parts.server = part('server', run('server', `${urls.server}/healthz`));
  parts.worker = part('worker', run('worker', `tcp:${port('workerSync')}`));
  await Promise.all([parts.server.start(), parts.worker.start()]);
  signal?.throwIfAborted();
  await lock.announce({ server: urls.server, prometheus: urls.prometheus, temporal: urls.temporal });
  const all = parts as Record<PartName, Part>;
  const admin = await readAdminToken(tokenFile);
  return {
    newToken: before === null ? (admin?.token ?? null) : null,
    api: (path, request = {}) => {
      const headers = new Headers(request.headers);
      headers.set('authorization', `Bearer ${admin?.token ?? ''}`);
      return fetch(`${urls.server}/api/v1${path}`, { ...request, headers });
    },
    configFile,
    ports,
    urls,
    parts: all,
    stop: async () => {
      await stopAll(all);
      await lock.release();
    },
  };
}

/** Those that use others first: nothing complains about a neighbour that is gone already. */
async function stopAll(parts: Partial<Record<PartName, Part>>): Promise<void> {
  await Promise.all([parts.worker?.stop(), parts.server?.stop()]);
  await Promise.all([parts.temporal?.stop(), parts.prometheus?.stop()]);
  await parts.postgres?.stop();
}

async function choosePorts(
  wanted: Readonly<Record<string, number>>,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const chosen: Record<string, number> = {};
  const taken = new Set<number>();
  for (const [name, first] of Object.entries(wanted)) {
    const port = await nextFreePort(first, taken);
    if (port !== first && first !== 0 && !(await isPortFree(first)))
      say(`${await describeBusyPort(first)}: ${name} takes ${port}`);
    chosen[name] = port;
    taken.add(port);
  }
  return chosen;
}

async function ensureDatabase(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'tidegate'");
    if (rowCount === 0) await client.query('create database tidegate');
  } finally {
    await client.end();
  }
  const own = new URL(url);
  own.pathname = '/tidegate';
  return own.toString();
}

/** Tidegate watches itself: what `dashboards/` shows and warns of is there from the start. */
function ownMetrics(ports: Readonly<Record<string, number>>): ScrapeConfig {
  return {
    job_name: 'tidegate',
    scrape_interval: '5s',
    static_configs: [
      { targets: [`127.0.0.1:${ports['serverTelemetry']}`], labels: { part: 'server' } },
      { targets: [`127.0.0.1:${ports['workerTelemetry']}`], labels: { part: 'worker' } },
    ],
  };
}

function configText(
  options: StackOptions,
  ports: Readonly<Record<string, number>>,
  urls: Stack['urls'],
): string {
  const settings = {
    server: { host: '127.0.0.1', port: ports.server },
    flags: { host: '127.0.0.1', syncPort: ports.sync, workerSyncPort: ports.workerSync },
    telemetry: {
      host: '127.0.0.1',
      serverPort: ports.serverTelemetry,
      workerPort: ports.workerTelemetry,
    },
    temporal: { address: urls.temporal },
    database: { url: urls.postgres },
    sources: { default: { url: urls.prometheus, settle: options.settle ?? '1s' } },
    data: options.data,
    log: { level: 'info', file: join(options.data, 'logs', 'tidegate.log') },
    ...options.settings,
  };
  return `# Written by \`tidegate up\` at each start.\n${stringify(settings)}`;
}

async function probe(address: string): Promise<void> {
  if (address.startsWith('tcp:')) {
    if (await isPortFree(Number(address.slice(4)))) throw new Error('not yet');
    return;
  }
  const response = await fetch(address, { signal: AbortSignal.timeout(2_000) });
  if (!response.ok) throw new Error(String(response.status));
}
