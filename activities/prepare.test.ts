import { describe, expect, it } from 'vitest';
import type { WantedDashboard } from '../checks/runner.ts';
import type { MetricSource, QueryFinding } from '../metrics/source.ts';
import type { Evidence } from '../plans/before.ts';
import { Failure } from '../plans/failures.ts';
import type { AlertRule } from '../plans/preflight.ts';
import { planOf } from '../rollout/world.fixture.ts';
import type { FlagRevision } from '../store/flag-contract.ts';
import { lastDrill, prepare } from './prepare.ts';

const NOW = Date.parse('2026-03-02T09:00:00Z');
const DAY = 86_400_000;

interface Given {
  findings?: QueryFinding[];
  rules?: AlertRule[] | null;
  told?: Evidence[];
  revisions?: FlagRevision[];
  dashboard?: (wanted: WantedDashboard) => { ok: boolean; came: string };
}

const NEVER = new AbortController().signal;

function parts({ findings = [], rules = [], told = [], revisions = [], dashboard }: Given) {
  return {
    source: () => ({ check: async () => findings }) as unknown as MetricSource,
    alertRules: async () => rules,
    evidence: async () => told,
    flagHistory: async () => revisions,
    checks: {
      run: async () => [],
      dashboard: async (wanted: WantedDashboard) =>
        dashboard?.(wanted) ?? { ok: false, came: 'not looked at' },
    },
  };
}

async function answers(before: object, given: Given = {}) {
  const found = await prepare(parts(given), {
    rolloutId: 'r1',
    plan: planOf({ before }),
    now: NOW,
    signal: NEVER,
  });
  return found.map(({ name, ok, came }) => `${name} ${ok ? 'passed' : 'failed'}: ${came}`);
}

const finding = (kind: QueryFinding['kind']): QueryFinding => ({
  metric: 'errors',
  query: 'q',
  kind,
  detail: kind,
});

function revision(
  number: number,
  percent: number,
  more: { drill?: boolean; rollout?: string | null; at?: number } = {},
) {
  const { drill = false, rollout = 'pricing-1', at = NOW - DAY } = more;
  return {
    environment: 'production',
    key: 'pricing',
    revision: number,
    exposure: { percent, segments: [], variant: null },
    epoch: 1,
    rolloutId: rollout,
    author: 'tidegate',
    reason: '',
    at,
    content: { shape: {}, spec: drill ? { drill: { errorRate: 0.2 } } : {}, live: true, latched: false },
  } as unknown as FlagRevision;
}

describe('what a plan asks for before it begins', () => {
  it('nothing, where the plan asks for nothing', async () => {
    expect(await answers({})).toEqual([]);
  });

  it('series of the baseline, or of both cohorts', async () => {
    const given = { findings: [finding('no-canary'), finding('slow-scrape')] };
    expect(await answers({ metrics: 'baseline' }, given)).toEqual([
      'before: metrics passed: every metric has them',
    ]);
    expect(await answers({ metrics: 'both' }, given)).toEqual(['before: metrics failed: errors: no-canary']);
    expect(await answers({ metrics: 'baseline' }, { findings: [finding('no-baseline')] })).toEqual([
      'before: metrics failed: errors: no-baseline',
    ]);
  });

  it('a source that does not answer is no pass', async () => {
    const down = {
      ...parts({}),
      alertRules: async () => {
        throw new Failure('PROMETHEUS_UNREACHABLE', 'Prometheus does not answer.');
      },
    };
    const plan = planOf({ before: { alerts: ['ShopErrors'] } });
    const [answer] = await prepare(down, { rolloutId: 'r1', plan, now: NOW, signal: NEVER });
    expect(answer).toMatchObject({ ok: false, came: 'Prometheus does not answer.' });
  });

  it('alerting rules that are there and healthy', async () => {
    const rule = (name: string, healthy = true): AlertRule => ({ name, expr: '', labels: {}, healthy });
    const before = { alerts: ['ShopErrors', 'ShopSlow'] };
    const rules = [rule('ShopErrors'), rule('ShopSlow', false)];
    expect(await answers(before, { rules })).toEqual(['before: alerts failed: missing or broken: ShopSlow']);
    expect(await answers(before, { rules: [rule('ShopErrors'), rule('ShopSlow')] })).toEqual([
      'before: alerts passed: all are there',
    ]);
    expect(await answers(before, { rules: null })).toEqual([
      'before: alerts failed: the source has no list of rules',
    ]);
  });

  it('a drill that a rollout has ended with nobody exposed, not too long ago', async () => {
    const before = { drill: { within: '7d' } };
    const drilled = [revision(3, 0, { drill: true }), revision(2, 5, { drill: true }), revision(1, 0)];
    expect(await answers(before, { revisions: drilled })).toEqual([
      'before: drill passed: passed on Sun 2026-03-01 09:00 UTC',
    ]);
    const old = [revision(3, 0, { drill: true, at: NOW - 8 * DAY }), revision(2, 5, { drill: true })];
    expect(await answers(before, { revisions: old })).toEqual([
      'before: drill failed: the last one was on Sun 2026-02-22 09:00 UTC',
    ]);
    expect(lastDrill([revision(2, 0), revision(1, 5, { drill: true })])).toBeNull();
    expect(lastDrill([revision(2, 0, { drill: true, rollout: null }), revision(1, 5)])).toBeNull();
    expect(lastDrill([revision(2, 0, { drill: true }), revision(1, 0)])).toBeNull();
  });

  it('what was told, the last of each kind', async () => {
    const told: Evidence[] = [
      { kind: 'tests', ok: true, by: 'ci', url: 'https://ci.example.com/7', at: NOW },
      { kind: 'runbook', ok: false, by: 'ada', url: null, at: NOW },
    ];
    expect(await answers({ evidence: ['tests', 'runbook', 'sign-off'] }, { told })).toEqual([
      'before: tests passed: ok: ci, Mon 2026-03-02 09:00 UTC, https://ci.example.com/7',
      'before: runbook failed: not ok: ada, Mon 2026-03-02 09:00 UTC',
      'before: sign-off failed: nobody has told; tidegate evidence ROLLOUT sign-off',
    ]);
  });

  it('dashboards are looked at, told or not, and the answer says what was seen', async () => {
    const before = { evidence: ['dashboards'] };
    const seen: WantedDashboard[] = [];
    const dashboard = (wanted: WantedDashboard) => {
      seen.push(wanted);
      return { ok: true, came: 'Grafana has "Rollout: pricing"' };
    };
    expect(await answers(before, { dashboard })).toEqual([
      'before: dashboards passed: Grafana has "Rollout: pricing"',
    ]);
    const url = 'https://grafana.example.com/d/abc';
    const told: Evidence[] = [{ kind: 'dashboards', ok: true, by: 'ada', url, at: NOW }];
    expect(await answers(before, { dashboard, told })).toEqual([
      `before: dashboards passed: Grafana has "Rollout: pricing"; told by ada, Mon 2026-03-02 09:00 UTC, ${url}`,
    ]);
    expect(seen).toEqual([
      { uid: 'tidegate-production-pricing', url: null },
      { uid: 'tidegate-production-pricing', url },
    ]);
    expect(await answers(before, { told })).toEqual([
      expect.stringMatching(/^before: dashboards failed: not looked at/),
    ]);
    const refused = told.map((one) => ({ ...one, ok: false }));
    expect(await answers(before, { dashboard, told: refused })).toEqual([
      expect.stringMatching(/^before: dashboards failed: not ok: ada/),
    ]);
  });
});
