import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { Failure } from '../plans/failures.ts';
import { asFailure, isConnectionError } from './connection-errors.ts';

export type Queries = NodePgDatabase;

export interface DatabaseOptions {
  /** Told when an idle connection breaks, for example at a restart of PostgreSQL. The pool goes on by itself. */
  onError?: (failure: Failure) => void;
  /** Connections at most. */
  max?: number;
  /** Longest time that one statement may take. */
  statementTimeoutMs?: number;
}

/** A pool of connections. Every error that leaves it is a `Failure`; a lost server is `POSTGRES_UNREACHABLE`. */
export interface Database {
  /** Host and port, for people. */
  readonly where: string;
  /** Runs statements on one connection, each its own transaction. */
  run<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Runs statements in one transaction. When the connection is lost at its end it may have been committed. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Fails with `POSTGRES_UNREACHABLE` when the server does not answer. */
  check(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 2000;
/** A process that stops in the middle of a transaction must not hold a flag's row while somebody kills it. */
const IDLE_IN_TRANSACTION_MS = 2000;

/** Settings that every connection shares, also those outside the pool. `CONFIG_INVALID` for a text that is no URL. */
export function connectionSettings(url: string): { where: string; settings: pg.ClientConfig } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new Failure(
      'CONFIG_INVALID',
      '`database.url` is not a URL such as postgres://user:password@host:5432/name',
    );
  }
  const host = parsed.hostname || parsed.searchParams.get('host') || 'localhost';
  const where = `${host}:${parsed.port || parsed.searchParams.get('port') || '5432'}`;
  const settings = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    application_name: 'tidegate',
  };
  return { where, settings };
}

/** Opens a pool. It connects with the first statement, so it succeeds while PostgreSQL is down. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { where, settings } = connectionSettings(url);
  const { max = 10, statementTimeoutMs = 10_000 } = options;
  const pool = new pg.Pool({
    ...settings,
    max,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    // The server's own time limit does not help when the network swallows the answer.
    query_timeout: statementTimeoutMs + 2000,
  });
  pool.on('error', (error) => options.onError?.(asFailure(error, where)));

  async function withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let broken = false;
    let client: pg.PoolClient | undefined;
    try {
      client = await pool.connect();
      // Between a lost connection and its release nobody else listens; without a listener the process ends.
      client.on('error', markBroken);
      return await work(client);
    } catch (error) {
      broken ||= isConnectionError(error);
      throw asFailure(error, where);
    } finally {
      client?.off('error', markBroken);
      client?.release(broken);
    }

    function markBroken(): void {
      broken = true;
    }
  }

  function run<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return withClient((client) => work(drizzle(client)));
  }

  function transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    return withClient(async (client) => {
      await client.query('begin');
      try {
        const result = await work(drizzle(client));
        await client.query('commit');
        return result;
      } catch (error) {
        if (!isConnectionError(error)) await client.query('rollback');
        throw error;
      }
    });
  }

  return {
    where,
    run,
    transaction,
    check: () =>
      withClient(async (client) => {
        await client.query('select 1');
      }),
    close: () => pool.end(),
  };
}
