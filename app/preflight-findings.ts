import { splitFinding } from '../analysis/preflight-checks.ts';
import type { Profile } from '../analysis/profile.ts';
import type { Traffic } from '../analysis/traffic.ts';
import type { TestAlert } from '../metrics/alertmanager.ts';
import type { QueryFinding } from '../metrics/source.ts';
import type { Exposure } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import type { PreflightFinding, ServedSplit } from '../plans/preflight.ts';

/** What the server says of the plan's flag now. `latch`: a kill holds it. */
export interface ServedFlag {
  exposure: Exposure;
  latch: { by: string; reason: string } | null;
  /** Why a rollout could not take it as it is defined, and what to write instead. */
  unclaimable: { path: string; message: string; instead: string } | null;
}

export function queryFinding({ metric, query, kind, detail }: QueryFinding): PreflightFinding {
  const at = { check: 'queries', where: `${metric}: ${query}` } as const;
  switch (kind) {
    case 'refused':
      return { ...at, severity: 'error', message: detail, instead: 'mend the query in the plan' };
    case 'no-baseline': {
      const instead = 'check the selector, the cohort label and that the service is scraped';
      return { ...at, severity: 'error', message: detail, instead };
    }
    case 'slow-scrape':
      return { ...at, severity: 'warning', message: detail, instead: 'a longer poll, or more scrapes' };
    case 'uses':
      return { ...at, severity: 'note', message: detail, instead: '' };
    case 'no-canary':
      return { ...at, severity: 'note', message: `${detail}: normal before a start`, instead: '' };
  }
}

export function flagFindings(plan: Plan, served: ServedFlag | null | 'unreachable'): PreflightFinding[] {
  const at = { check: 'flag', where: `${plan.flag.key} in ${plan.environment}` } as const;
  if (served === 'unreachable') {
    const message = 'the server does not answer: what it serves of the flag is not known';
    return [{ ...at, severity: 'note', message, instead: '--server URL, or `tidegate server`' }];
  }
  if (served === null) return [];
  const found: PreflightFinding[] = [];
  if (served.unclaimable !== null) {
    const { path, message, instead } = served.unclaimable;
    found.push({ check: 'flag', severity: 'error', rule: 'PLAN-CLAIM', where: path, message, instead });
  }
  if (served.latch !== null) {
    const { by, reason } = served.latch;
    const instead = `\`tidegate unlock ${plan.flag.key} --reason "..."\``;
    found.push({ ...at, severity: 'error', message: `it was killed by ${by}: ${reason}`, instead });
  }
  return found;
}

/** `lack`: the path in the plan, what is missing, and what to do. */
export function platformFinding(lack: string): PreflightFinding {
  return { check: 'flag', severity: 'error', where: 'flag platform', message: lack, instead: '' };
}

export function trafficFindings(
  plan: Plan,
  profile: Profile,
  seen: { notes: readonly string[]; traffic: Readonly<Record<string, Traffic>> },
): PreflightFinding[] {
  const at = { check: 'traffic', where: `source ${plan.source.prometheus}`, instead: '' } as const;
  const found: PreflightFinding[] = seen.notes.map((message) => ({ ...at, severity: 'note', message }));
  const measured = Object.values(seen.traffic);
  if (profile.polls === 0)
    found.push({
      ...at,
      severity: 'warning',
      message: 'no poll of the last day was evidence: nothing can be planned',
      instead: 'check that the baseline is scraped at least once a poll',
    });
  else if (measured.some(({ quietest }) => quietest === null)) {
    const hours = Math.max(...measured.map((one) => one.hours));
    const message = `only ${hours} whole hours of traffic are there: the quietest hour is not known`;
    found.push({ ...at, severity: 'note', message });
  }
  return found;
}

export function splitFindings(split: ServedSplit | null, flag: ServedFlag | null): PreflightFinding[] {
  if (split === null || flag === null) return [];
  const found = splitFinding(split, flag.exposure);
  return found === null ? [] : [found];
}

export function fireFindings(tests: readonly TestAlert[]): PreflightFinding[] {
  const at = { check: 'alerts', severity: 'warning' } as const;
  if (tests.length === 0) {
    const message = 'Prometheus sends its alerts to no Alertmanager: nobody hears of them';
    return [{ ...at, where: 'Alertmanager', message, instead: '`alerting` in prometheus.yml' }];
  }
  return tests.flatMap((test): PreflightFinding[] => {
    const where = `Alertmanager ${test.url}`;
    const instead = 'try the same from where Prometheus runs, and look at its log';
    if (test.kind === 'refused')
      return [{ ...at, where, message: `it did not take the test alert: ${test.detail}`, instead }];
    if (test.kind === 'not-seen')
      return [{ ...at, where, message: `the test alert was not seen there: ${test.detail}`, instead }];
    if (!test.suppressed) return [];
    const message = 'the test alert is silenced or inhibited: it reaches nobody';
    return [{ ...at, where, message, instead: 'look at its silences' }];
  });
}
