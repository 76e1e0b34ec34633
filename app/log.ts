import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino, { type Logger } from 'pino';
import type { Config } from './config.ts';

/** The process's log: JSON lines to the file of `log.file`, else to stderr, so that stdout stays for people. */
export function openLog({ log }: Pick<Config, 'log'>, name: string): Logger {
  if (log.file !== undefined) mkdirSync(dirname(log.file), { recursive: true });
  const destination = pino.destination({ dest: log.file ?? 2, sync: log.file === undefined });
  return pino(
    { name, level: log.level, redact: ['url', 'password', 'authorization', '*.password'] },
    destination,
  );
}
