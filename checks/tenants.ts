import type { AskTenants } from '../plans/tenant-query.ts';
import { causeText } from './cause.ts';
import type { ChecksConfig } from './config.ts';
import { redactor } from './redact.ts';
import { databaseOf, readRows, unknownDatabase } from './sql.ts';

/** Asks databases of tidegate.yaml who the tenants of a stage are. It never rejects. */
export function createTenantReader(config: ChecksConfig): AskTenants {
  const clean = redactor(config);
  return async ({ database, query, most, timeout }) => {
    const url = databaseOf(config, database);
    if (url === null) return { kind: 'silent', why: unknownDatabase(database) };
    const timeoutMs = Math.max(1, Math.round(timeout * 1000));
    const signal = AbortSignal.timeout(timeoutMs);
    const begun = performance.now();
    try {
      const rows = await readRows(url, { query, most: most + 1, timeoutMs, signal });
      return { kind: 'rows', rows, seconds: Math.round(performance.now() - begun) / 1000 };
    } catch (error) {
      const late = signal.aborted || /timeout/i.test(causeText(error));
      return { kind: 'silent', why: late ? `no answer within ${timeout} s` : clean(causeText(error)) };
    }
  };
}
