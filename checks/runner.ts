import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, CheckAnswer } from '../plans/check.ts';
import { causeText } from './cause.ts';
import { type CheckSubject, runCommand } from './command.ts';
import type { ChecksConfig } from './config.ts';
import { askHttp, httpText } from './http.ts';
import type { Outcome } from './outcome.ts';
import { no } from './outcome.ts';
import { redactor } from './redact.ts';
import { askSql, sqlText } from './sql.ts';

const BETWEEN_TRIES = 1_000;

/** Asks what the checks of plans ask. */
export interface CheckRunner {
  /** The answers in the order of the checks; all are asked at once. Rejects only when `signal` ends it. */
  run(checks: readonly Check[], subject: CheckSubject, signal: AbortSignal): Promise<CheckAnswer[]>;
}

export function createCheckRunner(config: ChecksConfig): CheckRunner {
  const clean = redactor(config);

  async function once(check: Check, subject: CheckSubject, ended: AbortSignal): Promise<Outcome> {
    const timeoutMs = Math.max(1, Math.round(check.timeout * 1000));
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([limit, ended]);
    try {
      if (check.http !== undefined) return await askHttp(check.http, { config, signal });
      if (check.sql !== undefined) return await askSql(check.sql, { config, timeoutMs, signal });
      return await runCommand(check.command ?? [], { config, subject, signal });
    } catch (error) {
      if (ended.aborted) throw error;
      return no(limit.aborted ? `no answer within ${check.timeout} s` : causeText(error));
    }
  }

  async function ask(check: Check, subject: CheckSubject, ended: AbortSignal): Promise<CheckAnswer> {
    const begun = performance.now();
    for (let tries = 1; ; tries += 1) {
      const { ok, came } = await once(check, subject, ended);
      if (ok || tries > check.retries) {
        const seconds = Math.round(performance.now() - begun) / 1000;
        return { name: check.name, asked: clean(questionOf(check)), ok, came: clean(came), seconds, tries };
      }
      await sleep(BETWEEN_TRIES, undefined, { signal: ended });
    }
  }

  return {
    run: (checks, subject, signal) => Promise.all(checks.map((check) => ask(check, subject, signal))),
  };
}

function questionOf({ http, sql, command = [] }: Check): string {
  if (http !== undefined) return httpText(http);
  return sql === undefined ? command.join(' ') : sqlText(sql);
}
