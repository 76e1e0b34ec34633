import { setTimeout as sleep } from 'node:timers/promises';
import { Check, type CheckAnswer } from '../plans/check.ts';
import { causeText } from './cause.ts';
import { type CheckSubject, runCommand } from './command.ts';
import type { ChecksConfig } from './config.ts';
import { askGrafana, uidIn } from './grafana.ts';
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
  /** Whether the dashboards of a plan are there: in Grafana where tidegate.yaml names one, else at the address that was told. */
  dashboard(wanted: WantedDashboard, signal: AbortSignal): Promise<Outcome>;
}

export interface WantedDashboard {
  /** Of the dashboard that is generated for the plan. */
  uid: string;
  /** The address that was told; null: none was. */
  url: string | null;
}

/** Seconds that a dashboard may take to answer. */
const DASHBOARD_TIMEOUT = 10;

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

  async function askAddress(url: string | null, signal: AbortSignal): Promise<Outcome> {
    if (url === null)
      return no('no address was told, and tidegate.yaml names no `checks.grafana` to look in');
    const check = Check.safeParse({ name: 'dashboard', http: { url } });
    const http = check.success ? check.data.http : undefined;
    return http === undefined ? no('what was told is no address') : askHttp(http, { config, signal });
  }

  return {
    run: (checks, subject, signal) => Promise.all(checks.map((check) => ask(check, subject, signal))),
    async dashboard({ uid, url }, ended) {
      const limit = AbortSignal.timeout(DASHBOARD_TIMEOUT * 1000);
      const signal = AbortSignal.any([limit, ended]);
      const { grafana } = config;
      const shown = url === null || grafana === undefined ? null : uidIn(url, grafana);
      try {
        const found =
          grafana !== undefined && (url === null || shown !== null)
            ? await askGrafana(shown ?? uid, { config: grafana, signal })
            : await askAddress(url, signal);
        return { ...found, came: clean(found.came) };
      } catch (error) {
        if (ended.aborted) throw error;
        return no(limit.aborted ? `no answer within ${DASHBOARD_TIMEOUT} s` : clean(causeText(error)));
      }
    },
  };
}

function questionOf({ http, sql, command = [] }: Check): string {
  if (http !== undefined) return httpText(http);
  return sql === undefined ? command.join(' ') : sqlText(sql);
}
