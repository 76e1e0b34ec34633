import { randomUUID } from 'node:crypto';
import { instanceFindings } from '../analysis/instance-findings.ts';
import { type NoiseCurve, noiseCurves, noiseFindings } from '../analysis/noise-curve.ts';
import { alertFindings, labelFindings, rulesAbout } from '../analysis/preflight-checks.ts';
import { type Profile, profileOf } from '../analysis/profile.ts';
import { stageFindings } from '../analysis/stage-findings.ts';
import { planStages, type StageOutlook } from '../analysis/stage-outlook.ts';
import { type Traffic, trafficOf } from '../analysis/traffic.ts';
import { createTenantReader } from '../checks/tenants.ts';
import { openPlatforms } from '../flags/platforms/open.ts';
import { sendTestAlert, type TestAlert } from '../metrics/alertmanager.ts';
import type { PrometheusSource } from '../metrics/prometheus.ts';
import { createSources } from '../metrics/sources.ts';
import type { TrafficRead } from '../metrics/traffic.ts';
import { allowPreflight } from '../plans/allowed.ts';
import type { Exposure } from '../plans/exposure.ts';
import { isFailure } from '../plans/failures.ts';
import type { Plan } from '../plans/plan.ts';
import type { LabelValues, PreflightFinding, ServedSplit } from '../plans/preflight.ts';
import { servedPlan } from '../plans/shadow.ts';
import { planFromText } from '../server/plan-text.ts';
import { settledTenants } from '../server/tenants.ts';
import type { Config } from './config.ts';
import { knownNames } from './known-names.ts';
import { platformLacks } from './platform-checks.ts';
import {
  fireFindings,
  flagFindings,
  platformFinding,
  queryFinding,
  type ServedFlag,
  splitFindings,
  trafficFindings,
} from './preflight-findings.ts';
import { sharedSegments } from './shared-segments.ts';

export interface PreflightRequest {
  config: Config;
  text: string;
  file: string;
  /** Days of the daily pattern. */
  days: number;
  fireTest: boolean;
  /** Unix seconds. */
  now: number;
  /** The flag from the server; null: there is no such flag yet; `unreachable`: the server does not answer. */
  served: (plan: Plan) => Promise<ServedFlag | null | 'unreachable'>;
  /** Told as the reading goes on: parts done of `whole`. */
  progress: (done: number, whole: number) => void;
}

export interface PreflightReport {
  plan: string;
  /** False: there are errors, and a submit would be refused. */
  ok: boolean;
  findings: PreflightFinding[];
  /** Polls of the baseline that were evidence, and the seconds that they span. */
  history: { polls: number; seconds: number; note: string | null };
  /** Requests an hour by metric, both cohorts together. */
  traffic: Record<string, Traffic>;
  noise: NoiseCurve[];
  stages: StageOutlook[];
  labels: LabelValues[];
  /** Alerting rules about the service; null: the source has no rules. */
  alerts: { about: string[]; all: number } | null;
  split: { served: ServedSplit; exposure: Exposure | null } | null;
  /** Null: no test was asked for. */
  fireTest: TestAlert[] | null;
}

const HISTORY = 24 * 3600;
const MOST_POLLS = 5_760;
/** Polls that weigh as much as a day of hours: each is one query. */
const A_DAY = 240;
const SPLIT_SECONDS = 900;
/** How long a test alert stands, so that it reaches people past the usual waiting for a group, and is looked for. */
const TEST_MS = 5 * 60_000;
const TEST_PATIENCE = 15;

/**
 * Reads the plan's own Prometheus and says what the rollout would be like. It changes nothing; only a fire test sends
 * something. @throws Failure PLAN_INVALID, CONFIG_INVALID, PROMETHEUS_UNREACHABLE
 */
export async function preflight(request: PreflightRequest): Promise<PreflightReport> {
  const { config, text, file } = request;
  const platforms = openPlatforms(config.providers, config.segments);
  const shared = await sharedSegments(config);
  const known = knownNames(config, { platforms, shared: () => shared });
  const written = planFromText({ known }, { text, file }).plan;
  const askTenants = createTenantReader(config.checks);
  const { plan } = await settledTenants({ askTenants }, { plan: written, text, file });
  const sources = createSources(config.sources);
  try {
    const lacks = await platformLacks(plan, platforms).catch((error: unknown) => {
      if (!isFailure(error)) throw error;
      return [`flag.provider: ${error.message}`];
    });
    const report = await survey(plan, sources.get(plan.source.prometheus), request);
    const findings = [...lacks.map(platformFinding), ...report.findings];
    return { ...report, findings, ok: report.ok && lacks.length === 0 };
  } finally {
    sources.close();
  }
}

async function survey(
  submitted: Plan,
  source: PrometheusSource,
  request: PreflightRequest,
): Promise<PreflightReport> {
  // What runs behind the old path has left no traces yet.
  const plan = servedPlan(submitted);
  const { now, days } = request;
  const { poll } = plan.source;
  const windows = Math.min(MOST_POLLS, Math.floor(HISTORY / poll));
  const at = now - source.settle;
  let done = 0;
  const whole = windows + days * A_DAY;
  const tell = (more: number) => {
    done += more;
    request.progress(done, whole);
  };
  const checked = await source.survey.check(plan, at);
  const until = Math.floor(at / poll) * poll;

  const history = await source.history({ plan, until, windows, origin: now, told: tell });
  const read = await source.survey.traffic({ plan, until: at, days, told: () => tell(A_DAY) });
  const notes = [history.note, read.note].filter((note) => note !== undefined);
  const [labels, instances, split, users, sliceUsers, rules, served] = await Promise.all([
    unlessRefused(source.survey.labels(plan, at), notes),
    unlessRefused(source.survey.instances(plan, at, days), notes),
    unlessRefused(source.survey.split(plan, at, SPLIT_SECONDS), notes),
    unlessRefused(source.survey.users(plan, at), notes),
    unlessRefused(source.survey.sliceUsers(plan, at), notes),
    source.survey.rules(),
    request.served(plan),
  ]);
  const profile = profileOf(plan, history.samples);
  const traffic = trafficByMetric(plan, profile, read);
  const stages = planStages({ plan: submitted, profile, traffic, users, sliceUsers: sliceUsers ?? {} });
  const fireTest = request.fireTest ? await testAlerts(plan, source, now) : null;
  const flag = served === 'unreachable' ? null : served;
  const findings = [
    ...checked.map(queryFinding),
    ...flagFindings(plan, served),
    ...trafficFindings(plan, profile, { notes, traffic }),
    ...noiseFindings(plan, profile.learnt),
    ...instanceFindings(plan, instances, profile.learnt),
    ...allowPreflight(stages.flatMap(stageFindings), plan.allow),
    ...labelFindings(labels ?? []),
    ...alertFindings(plan, rules),
    ...(fireTest === null ? [] : fireFindings(fireTest)),
    ...splitFindings(split, flag),
  ];
  return {
    plan: plan.metadata.name,
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings,
    history: { polls: profile.polls, seconds: profile.polls * poll, note: history.note ?? null },
    traffic,
    noise: noiseCurves(plan, profile.learnt),
    stages,
    labels: labels ?? [],
    alerts:
      rules === null ? null : { about: rulesAbout(plan, rules).map(({ name }) => name), all: rules.length },
    split: split === null ? null : { served: split, exposure: flag?.exposure ?? null },
    fireTest,
  };
}

/** What one query costs too much to say is left out, and told; the rest of the preflight goes on. */
async function unlessRefused<T>(work: Promise<T>, notes: string[]): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!isFailure(error) || error.code !== 'PROMETHEUS_QUERY') throw error;
    notes.push(error.message);
    return null;
  }
}

function trafficByMetric(plan: Plan, profile: Profile, read: TrafficRead): Record<string, Traffic> {
  const byMetric: Record<string, Traffic> = {};
  for (const { name, kind } of plan.metrics) {
    const known = profile.metrics[name];
    if (kind === 'gauge' || known === undefined) continue;
    const hours = read.traffic.find(({ metric }) => metric === name)?.hours ?? [];
    byMetric[name] = trafficOf(hours, (known.trials * 3600) / plan.source.poll);
  }
  return byMetric;
}

async function testAlerts(plan: Plan, source: PrometheusSource, now: number): Promise<TestAlert[]> {
  const urls = (await source.survey.alertmanagers()) ?? [];
  const labels = {
    alertname: 'TidegateTest',
    tidegate_test: randomUUID(),
    severity: 'none',
    environment: plan.environment,
    ...(plan.metadata.service === undefined ? {} : { service: plan.metadata.service }),
  };
  const annotations = {
    summary: `TEST: \`tidegate preflight --fire-test\` of ${plan.metadata.name} tries the way of alerts. Nothing is wrong.`,
    description: 'It ends by itself after five minutes.',
  };
  const endsAt = now * 1000 + TEST_MS;
  return Promise.all(
    urls.map((url) => sendTestAlert(url, { labels, annotations, endsAt, patience: TEST_PATIENCE })),
  );
}
