import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { type Child, type ChildLedger, type Log, startChild, untilReady } from './child.ts';
import { onPort } from './ports.ts';

export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

export interface TemporalOptions {
  /** The Temporal CLI. */
  binary: string;
  /** Default: one that is free. */
  port?: number | undefined;
  /** The web page of Temporal; without it there is none. */
  uiPort?: number | undefined;
  /** Without it everything is forgotten when it ends. No two servers may share one. */
  dbFile?: string | undefined;
  searchAttributes?: Readonly<Record<string, SearchAttributeType>> | undefined;
  log: Log;
  ledger?: ChildLedger | undefined;
}

export interface RunningTemporal {
  /** host:port */
  address: string;
  port: number;
  pid: number;
  child: Child;
  stop(): Promise<void>;
}

/**
 * Starts Temporal's development server on loopback and waits until its frontend answers and the namespace
 * `default` is there. @throws Failure PART_MISSING, TEMPORAL_UNREACHABLE
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const on = { wanted: options.port, code: 'TEMPORAL_UNREACHABLE' } as const;
  return onPort(on, (port) => startAt(options, port));
}

async function startAt(options: TemporalOptions, port: number): Promise<RunningTemporal> {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'];
  args.push(...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]));
  if (options.dbFile !== undefined) {
    await mkdir(dirname(options.dbFile), { recursive: true });
    args.push('--db-filename', options.dbFile);
    // Measured: twice the throughput; a crash may lose the last moment but corrupts nothing.
    args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL');
  }
  for (const [name, type] of Object.entries(options.searchAttributes ?? {})) {
    args.push('--search-attribute', `${name}=${type}`);
  }
  const child = await startChild({
    name: 'temporal',
    command: options.binary,
    args,
    // A person's own Temporal profile (TEMPORAL_ADDRESS and the like) is not about this server.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
    log: options.log,
    ledger: options.ledger,
  });
  const address = `127.0.0.1:${port}`;
  await untilReady({ child, probe: () => ask(address), code: 'TEMPORAL_UNREACHABLE', timeout: 60_000 });
  return { address, port, pid: child.pid, child, stop: () => child.stop() };
}

async function ask(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.withDeadline(Date.now() + 1_000, async () => {
      await connection.workflowService.getSystemInfo({});
      await connection.workflowService.describeNamespace({ namespace: 'default' });
    });
  } finally {
    await connection.close();
  }
}
