import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricOutlook } from '../analysis/metric-outlook.ts';
import type { Outlook } from '../analysis/outlook.ts';
import { sendTestAlert } from '../metrics/alertmanager.ts';
import { createPrometheusSource } from '../metrics/prometheus.ts';
import { type Alertmanager, startAlertmanager } from '../test/fixtures/alertmanager.ts';
import { type Backfilled, startBackfilled } from '../test/fixtures/backfilled.ts';
import { BUSY, pastService, QUIET, QUIETEST, servicePlan } from '../test/fixtures/past-service.ts';
import { type Receiver, startReceiver } from '../test/fixtures/receiver.ts';
import { Config } from './config.ts';
import { type PreflightReport, type PreflightRequest, preflight } from './preflight.ts';
import type { ServedFlag } from './preflight-findings.ts';

const STAGES = `
  - { name: internal, audience: { segments: [employees] }, bake: 1h }
  - { name: 1%, percent: 1, bake: 1h, minUsers: 200 }
  - { name: 25%, percent: 25, bake: 24h, promote: { proof: 1pp } }
  - { name: 100%, percent: 100, bake: 1h }`;

const RULES = `
groups:
  - name: shop
    rules:
      - { alert: ShopIsBad, expr: 'sum(rate(errors_total[5m])) > 5', labels: { severity: page } }
      - { alert: Elsewhere, expr: 'up == 0', labels: { service: other } }
`;

let past: Backfilled;
/** The same service where instances differ much, and without rules. */
let noisy: Backfilled;
let hook: Receiver;
let alertmanager: Alertmanager;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-preflight-'));
  hook = await startReceiver();
  alertmanager = await startAlertmanager(hook.url);
  await writeFile(join(dir, 'rules.yml'), RULES);
  const now = Date.now() / 1000;
  const targets = [new URL(alertmanager.url).host];
  past = await startBackfilled({
    ...pastService({ now }),
    further: {
      rule_files: [join(dir, 'rules.yml')],
      alerting: { alertmanagers: [{ api_version: 'v2', static_configs: [{ targets }] }] },
    },
  });
  noisy = await startBackfilled(pastService({ now, noise: 0.9 }));
}, 180_000);
afterAll(async () => {
  await past.close();
  await noisy.close();
  await alertmanager.close();
  await hook.close();
  await rm(dir, { recursive: true, force: true });
});

const NOBODY: ServedFlag = {
  exposure: { percent: 0, segments: [], variant: null },
  latch: null,
  unclaimable: null,
};

function look(more: Partial<PreflightRequest> & { url?: string } = {}): Promise<PreflightReport> {
  const { url = past.url, ...rest } = more;
  return preflight({
    config: Config.parse({
      sources: { default: { url } },
      segments: { employees: { attribute: 'email', operator: 'ends_with', values: ['@shop.example'] } },
    }),
    text: servicePlan({ stages: STAGES }),
    file: 'plan.yaml',
    days: 2,
    fireTest: false,
    now: Date.now() / 1000,
    served: async () => NOBODY,
    progress: () => undefined,
    ...rest,
  });
}

const told = (report: PreflightReport, check: string) =>
  report.findings.filter((finding) => finding.check === check);

function plannedOf(metric: MetricOutlook | undefined): Outlook {
  if (metric?.kind !== 'planned') throw new Error(JSON.stringify(metric));
  return metric.mean;
}

describe('a preflight on a real Prometheus', () => {
  test('counts the traffic of each stage, on average and in the quietest hour', async () => {
    const seen: number[] = [];
    const report = await look({ progress: (done, whole) => seen.push(done / whole) });
    const day = (23 * BUSY + QUIET) / 24;
    expect(report.ok).toBe(true);
    expect(report.history.polls).toBeGreaterThan(2800);
    expect(report.traffic['errors']?.quietest?.hour).toBe(QUIETEST);
    expect((report.traffic['errors']?.perHour ?? 0) / day).toBeCloseTo(1, 1);
    const [internal, one, quarter, full] = report.stages;
    expect(internal).toMatchObject({ percent: null, perHour: null, compared: false });
    expect((one?.perHour ?? 0) / (day / 100)).toBeCloseTo(1, 1);
    expect((one?.quietestPerHour ?? 0) / (QUIET / 100)).toBeCloseTo(1, 1);
    expect(one?.users).toBe(40);
    expect(quarter?.metrics.map(({ kind }) => kind)).toEqual(['planned', 'planned', 'planned']);
    expect(full).toMatchObject({ compared: false, metrics: [] });
    expect(seen.at(-1)).toBe(1);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
  });

  test('takes whatever tidegate.yaml lets a plan name', async () => {
    const config = Config.parse({
      sources: { default: { url: past.url } },
      segments: { employees: { attribute: 'email', operator: 'ends_with', values: ['@shop.example'] } },
      checks: { hosts: { 'shop.example': {} } },
      holidays: { public: ['2026-12-25'] },
    });
    const more = 'windows: { allow: [Mon-Thu 09:00-16:00], holidays: public }';
    const checks = "checks: [{ name: smoke, http: { url: 'https://shop.example/health' } }]";
    const stages = STAGES.replace('percent: 1,', `percent: 1, ${checks},`);
    const report = await look({ config, text: servicePlan({ stages, more: `\n${more}` }) });
    expect(report.stages).toHaveLength(4);
  });

  test('plans gauges, improvements, and the slices that decide beside the whole', async () => {
    const more = `
  - { name: memory, kind: gauge, gauge: 'memory{service="shop"}', soft: +5%, hard: +20% }
  - { name: score, kind: gauge, gauge: 'score', compare: canary }
  - { name: fewer, kind: ratio, bad: 'errors_total{service="shop"}', total: 'requests_total{service="shop"}', improve: -0.4pp }
coverage:
  - { slice: tier=enterprise, minUsers: 100, minRequests: 100000, metrics: [errors] }
  - { slice: tier=gold, metrics: [errors] }`;
    const report = await look({ text: servicePlan({ stages: STAGES, more }) });
    const [internal, one, quarter, full] = report.stages;
    const metric = (name: string) => quarter?.metrics.find((found) => found.metric === name);
    const [soft, twice] = plannedOf(metric('memory')).detections;
    expect([soft?.kind, twice?.kind]).toEqual(['tolerated', 'found']);
    expect(metric('score')).toMatchObject({ why: expect.stringContaining('only limits decide') });
    const { improvement, detections } = plannedOf(metric('fewer'));
    expect(detections).toEqual([]);
    expect(improvement?.margin).toBeCloseTo(0.004, 9);
    expect(improvement?.seconds).toBeGreaterThan(0);
    expect([internal?.slices, full?.slices]).toEqual([[], []]);
    const [enterprise, gold] = quarter?.slices ?? [];
    expect((enterprise?.perHour ?? 0) / (quarter?.perHour ?? 1)).toBeCloseTo(0.05, 3);
    expect(enterprise).toMatchObject({ minUsers: { need: 100, expected: 50 } });
    expect(enterprise?.minRequests?.seconds).toBeCloseTo((100_000 / (enterprise?.perHour ?? 1)) * 3600, 0);
    const seconds = (found: typeof enterprise) => {
      const hard = plannedOf(found?.metrics[0]).detections.find(
        ({ of, times }) => of === 'hard' && times === 1,
      );
      return hard?.kind === 'found' ? hard.seconds : Number.POSITIVE_INFINITY;
    };
    const whole = plannedOf(metric('errors')).detections[2];
    expect(seconds(enterprise)).toBeGreaterThan(whole?.kind === 'found' ? 3 * whole.seconds : 0);
    expect(seconds(one?.slices[0])).toBeGreaterThan(3 * seconds(enterprise));
    expect(gold).toMatchObject({ perHour: null, metrics: [{ why: expect.stringContaining('no series') }] });
    const texts = told(report, 'stages').map(({ where, message }) => `${where}: ${message}`);
    expect(texts).toContainEqual(
      expect.stringMatching(/^stage 25%: its minimum of 100000 .* of tier=enterprise takes/),
    );
    expect(texts).toContainEqual(
      expect.stringMatching(/^stage 1%: of the users of tier=enterprise .* 2 get/),
    );
    expect(texts).toContainEqual(
      expect.stringMatching(/^stage 25%: no series of the last day had tier=gold/),
    );
    expect(report.noise.map(({ metric }) => metric)).toContain('errors{tier=enterprise}');
  });

  test('warns of the stage that is too short, of its minimums and of a label that nothing has', async () => {
    const report = await look();
    const texts = told(report, 'stages').map(({ where, message }) => `${where}: ${message}`);
    expect(texts).toContainEqual(expect.stringMatching(/^stage 1%: errors: 1h is too short to see 1 pp/));
    expect(texts).toContainEqual(
      expect.stringMatching(/^stage 1%: its minimum of \d+ canary requests takes/),
    );
    expect(texts).toContainEqual(expect.stringMatching(/40 get the canary, its minimum is 200/));
    expect(texts.filter((text) => text.startsWith('stage 25%') && text.includes('the hard margin'))).toEqual(
      [],
    );
    expect(report.stages[1]?.proposedBake).toBeGreaterThan(3600);
    expect(told(report, 'labels')).toContainEqual(
      expect.objectContaining({ where: 'errors: region', severity: 'warning' }),
    );
    const notes = told(report, 'queries').map(({ severity, message }) => `${severity} ${message}`);
    const [missing, uses] = [/^note no series of the canary .* normal before a start$/, /^note .*classic/];
    expect(notes.filter((note) => missing.test(note))).toHaveLength(3);
    expect(notes.filter((note) => !missing.test(note))).toEqual([expect.stringMatching(uses)]);
  });

  test('measures how much the instances differ: a noisy service takes longer, and is told', async () => {
    const [calm, loud] = [await look(), await look({ url: noisy.url })];
    const last = (report: PreflightReport) =>
      report.noise.find(({ metric }) => metric === 'errors')?.measured.at(-1) ?? 0;
    expect(last(loud)).toBeGreaterThan(2 * last(calm));
    expect(told(loud, 'noise')).toContainEqual(
      expect.objectContaining({ severity: 'warning', where: 'errors' }),
    );
    const hard = (report: PreflightReport) => {
      const metric = report.stages[2]?.metrics[0];
      const found = metric?.kind === 'planned' ? metric.mean.detections[2] : undefined;
      return found?.kind === 'found' ? found.seconds : Number.POSITIVE_INFINITY;
    };
    expect(hard(loud)).toBeGreaterThan(hard(calm));
  });

  test('knows the alerts of the service, and misses them where there are none', async () => {
    const [with_, without] = [await look(), await look({ url: noisy.url })];
    expect(with_.alerts).toEqual({ about: ['ShopIsBad'], all: 2 });
    expect(told(with_, 'alerts')).toEqual([]);
    expect(told(without, 'alerts')).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('has no alerting rule') },
    ]);
  });

  test('refuses what a submit would refuse: no baseline, and a flag that a kill holds', async () => {
    const text = servicePlan({ stages: STAGES }).replace(
      'requests_total{service="shop"}',
      'nothing_total{service="shop"}',
    );
    const missing = await look({ text });
    expect(missing.ok).toBe(false);
    expect(told(missing, 'queries')).toContainEqual(
      expect.objectContaining({ severity: 'error', message: expect.stringContaining('baseline') }),
    );
    const latch = { by: 'ada', reason: 'wrong totals' };
    const killed = await look({ served: async () => ({ ...NOBODY, latch }) });
    expect(killed.ok).toBe(false);
    expect(told(killed, 'flag')).toMatchObject([
      { severity: 'error', instead: expect.stringContaining('unlock') },
    ]);
  });

  test('says that a rollout could not take the flag as it is defined', async () => {
    const unclaimable = { path: 'flag.provider', message: 'without its exclude', instead: 'embedded' };
    const report = await look({ served: async () => ({ ...NOBODY, unclaimable }) });
    expect(report.ok).toBe(false);
    expect(told(report, 'flag')).toEqual([
      {
        check: 'flag',
        severity: 'error',
        rule: 'PLAN-CLAIM',
        where: 'flag.provider',
        message: 'without its exclude',
        instead: 'embedded',
      },
    ]);
  });

  test('holds the split of the requests against the flag', async () => {
    const exposure = { percent: 25, segments: [], variant: null };
    const report = await look({ served: async () => ({ ...NOBODY, exposure }) });
    expect(report.split?.served.canary).toBe(0);
    expect(report.split?.served.baseline).toBeGreaterThan(1000);
    expect(told(report, 'split')).toMatchObject([{ severity: 'warning' }]);
    const silent = await look({ served: async () => 'unreachable' });
    expect(told(silent, 'split')).toEqual([]);
    expect(told(silent, 'flag')).toMatchObject([{ severity: 'note' }]);
  });

  test('that does not answer is a failure of its own', async () => {
    await expect(look({ url: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      code: 'PROMETHEUS_UNREACHABLE',
    });
  });
});

describe('a fire test', () => {
  test('reaches the real Alertmanager that Prometheus lists, and from there people', {
    timeout: 60_000,
  }, async () => {
    const source = createPrometheusSource({ url: past.url, settle: 0, timeout: 5 });
    try {
      // Prometheus lists it once it has looked for it.
      await expect
        .poll(() => source.survey.alertmanagers(), { timeout: 30_000 })
        .toEqual([`${alertmanager.url}/api/v2/alerts`]);
    } finally {
      source.close();
    }
    const report = await look({ fireTest: true });
    expect(report.fireTest).toMatchObject([{ kind: 'seen', receivers: ['on-call'], suppressed: false }]);
    expect(told(report, 'alerts')).toEqual([]);
    await expect.poll(() => hook.received.length, { timeout: 30_000 }).toBeGreaterThan(0);
    const [message] = hook.received;
    expect(JSON.parse(message?.body ?? '{}')).toMatchObject({
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'TidegateTest', severity: 'none', service: 'shop' },
          annotations: { summary: expect.stringMatching(/^TEST: .* Nothing is wrong\.$/) },
        },
      ],
    });
  });

  test('says so where Prometheus has no Alertmanager', async () => {
    const report = await look({ url: noisy.url, fireTest: true });
    expect(report.fireTest).toEqual([]);
    expect(told(report, 'alerts')).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('to no Alertmanager') }),
    );
  });

  const ask = (url: string) =>
    sendTestAlert(url, {
      labels: { alertname: 'TidegateTest', tidegate_test: 'mine' },
      annotations: {},
      endsAt: Date.now() + 60_000,
      patience: 0.5,
    });
  const mine = (state: string, labels = { alertname: 'TidegateTest', tidegate_test: 'mine' }) =>
    JSON.stringify([{ labels, receivers: [{ name: 'r' }], status: { state } }]);

  test.each([
    { it: 'refuses', post: [403, ''], get: [200, '[]'], outcome: { kind: 'refused' } },
    { it: 'takes and forgets', post: [200, ''], get: [200, '[]'], outcome: { kind: 'not-seen' } },
    { it: 'fails when asked', post: [200, ''], get: [500, ''], outcome: { kind: 'not-seen' } },
    { it: 'shows a page', post: [200, ''], get: [200, '<html>'], outcome: { kind: 'not-seen' } },
    { it: 'shows no list', post: [200, ''], get: [200, '{"a":1}'], outcome: { kind: 'not-seen' } },
    {
      it: 'shows an alert of somebody else',
      post: [200, ''],
      get: [200, mine('active', { alertname: 'TidegateTest', tidegate_test: 'other' })],
      outcome: { kind: 'not-seen' },
    },
    {
      it: 'silences',
      post: [200, ''],
      get: [200, mine('suppressed')],
      outcome: { kind: 'seen', suppressed: true },
    },
  ] as const)('tells what it met: one that $it', async ({ post, get, outcome }) => {
    const server = createServer((request, response) => {
      const [status, body] = request.method === 'POST' ? post : get;
      request.resume().on('end', () => response.writeHead(status).end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      expect(await ask(`http://127.0.0.1:${port}/api/v2/alerts`)).toMatchObject(outcome);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('tells that nothing listens there, and that an address is none', async () => {
    expect(await ask('http://127.0.0.1:9/api/v2/alerts')).toMatchObject({ kind: 'refused' });
    expect(await ask('no address')).toMatchObject({ kind: 'refused', detail: 'it is no address' });
  });
});
