import pg from 'pg';
import type { SqlCheck } from '../plans/check.ts';
import type { ChecksConfig } from './config.ts';
import type { Outcome } from './outcome.ts';
import { no, yes } from './outcome.ts';

const MOST_ROWS = 10_001;

/** Whether a database of tidegate.yaml has what a check expects. */
export async function askSql(
  { expect, ...asked }: SqlCheck,
  { config, timeoutMs, signal }: { config: ChecksConfig; timeoutMs: number; signal: AbortSignal },
): Promise<Outcome> {
  const known = databaseOf(config, asked.database);
  if (known === null) return no(unknownDatabase(asked.database));
  return judge(expect, await readRows(known, { ...asked, most: MOST_ROWS, timeoutMs, signal }));
}

/** The address of a database of tidegate.yaml; null: it is not there. */
export function databaseOf({ databases }: ChecksConfig, name: string): string | null {
  return Object.hasOwn(databases, name) ? (databases[name]?.url ?? null) : null;
}

export function unknownDatabase(name: string): string {
  return `${name} is not one of checks.databases in tidegate.yaml`;
}

/**
 * Up to `most` rows of a query, in a transaction that cannot write. The extended protocol takes one statement, so that none can
 * end that transaction and go on. Rejects with what the database says, or when `signal` ends it.
 */
export async function readRows(
  url: string,
  { query, most, timeoutMs, signal }: { query: string; most: number; timeoutMs: number; signal: AbortSignal },
): Promise<unknown[][]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs,
    application_name: 'tidegate-check',
  });
  // A connection that breaks afterwards is nobody's news.
  client.on('error', () => undefined);
  const stop = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    await client.query('begin transaction read only');
    await client.query({
      text: `declare answer no scroll cursor for ${query.trim().replace(/;$/, '')}`,
      queryMode: 'extended',
    } as pg.QueryConfig);
    const { rows } = await client.query<unknown[]>({
      text: `fetch ${most} from answer`,
      rowMode: 'array',
    } as pg.QueryArrayConfig);
    return rows;
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

/** Whether rows are as expected. */
export function judge(expect: SqlCheck['expect'], rows: readonly unknown[][]): Outcome {
  if (expect.rows !== undefined) {
    const many = rows.length >= MOST_ROWS ? `${MOST_ROWS - 1} rows or more` : `${rows.length} rows`;
    return rows.length === expect.rows ? yes(many) : no(`${many} instead of ${expect.rows}`);
  }
  const [first] = rows;
  if (first === undefined) return no('no row');
  if (expect.value !== undefined) {
    const value = first[0];
    return plainText(value) === plainText(expect.value)
      ? yes(plainText(value))
      : no(`${plainText(value)} instead of ${plainText(expect.value)}`);
  }
  const share = expect.agree === undefined || expect.agree === 'exactly' ? 0 : expect.agree;
  const apart = rows.find((row) => !agrees(row, share));
  return apart === undefined
    ? yes(`${first.map(plainText).join(' and ')} agree`)
    : no(`${apart.map(plainText).join(' and ')} do not agree`);
}

function agrees(row: readonly unknown[], share: number): boolean {
  const texts = row.map(plainText);
  if (row.length < 2) return false;
  if (texts.every((text) => text === texts[0])) return !texts.includes('null');
  const numbers = texts.map(Number);
  if (share === 0 || texts.includes('null') || !numbers.every((one) => Number.isFinite(one))) return false;
  const largest = Math.max(...numbers.map((one) => Math.abs(one)));
  return Math.max(...numbers) - Math.min(...numbers) <= share * largest;
}

/** PostgreSQL gives large and exact numbers as text: `10.00` is 10. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const text = value instanceof Date ? value.toISOString() : String(value);
  return /^-?\d+\.\d*0*$/.test(text) ? text.replace(/\.?0*$/, '') : text;
}

export function sqlText({ database, query }: SqlCheck): string {
  return `${database}: ${query}`;
}
