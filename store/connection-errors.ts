import { Failure, isFailure } from '../plans/failures.ts';

/** PostgreSQL's classes and codes that mean: this server cannot be used now, whatever the statement was. */
const CONNECTION_CLASS = /^(?:08|28|3D|53|58)/;
const CONNECTION_CODES = new Set(['57P01', '57P02', '57P03', '57P05', '57014', '25006', '25P03']);
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT',
  'EACCES',
]);
/** What pg says without a code when the socket goes away under it. */
const BROKEN =
  /connection terminated|connection ended|timeout expired|timeout exceeded when trying to connect|not queryable|query read timeout|does not support ssl|client was closed|server.*handshake|self.signed|certificate/i;

interface PgError extends Error {
  code?: string;
  constraint?: string;
}

/** The error of the driver below drizzle's wrapper, which repeats statement and parameters in its message. */
export function driverError(error: unknown): PgError {
  let current = error;
  while (current instanceof Error && current.name !== 'AggregateError' && current.cause instanceof Error) {
    if (!isFailure(current) && 'code' in current && typeof current.code === 'string') break;
    current = current.cause;
  }
  return current instanceof Error ? current : new Error(String(current));
}

/** True when the connection itself is unusable, so that it must not go back into the pool. */
export function isConnectionError(error: unknown): boolean {
  const { code, message } = driverError(error);
  if (code === undefined) return BROKEN.test(message);
  return (
    SYSTEM_CODES.has(code) || CONNECTION_CODES.has(code) || (code.length === 5 && CONNECTION_CLASS.test(code))
  );
}

export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const driver = driverError(error);
  return driver.code === '23505' && driver.constraint === constraint;
}

export function isForeignKeyViolation(error: unknown): boolean {
  return driverError(error).code === '23503';
}

/**
 * Any error of a statement or of a connection in the words of `plans/failures.ts`; failures pass as they are.
 * `where` is host and port. Statement and parameters stay out of the text: they may hold secrets.
 */
export function asFailure(error: unknown, where: string): Failure {
  if (isFailure(error)) return error;
  const driver = driverError(error);
  if (isConnectionError(error)) {
    return new Failure('POSTGRES_UNREACHABLE', `PostgreSQL at ${where}: ${inWords(driver)}`, {
      where,
      cause: error,
    });
  }
  if (driver.code === '42P01') {
    const message = `PostgreSQL at ${where} has no Tidegate tables (${driver.message})`;
    return new Failure('INTERNAL', message, { where, cause: error });
  }
  return new Failure('INTERNAL', `PostgreSQL refused a statement: ${driver.message}`, {
    where,
    cause: error,
  });
}

function inWords({ code, message }: PgError): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is unknown';
    case '28P01':
    case '28000':
      return `it refuses this user or password (${message})`;
    case '3D000':
      return `${message}; create it with createdb`;
    case '57P01':
    case '57P02':
      return 'it is shutting down';
    case '57P03':
      return 'it is starting or shutting down';
    case '57014':
      return 'it did not answer a statement in time';
    case '25006':
      return 'it is read-only (a standby?)';
    case '53300':
      return 'it has no connection left';
    default:
      return message === '' ? (code ?? 'no answer') : message.toLowerCase();
  }
}
