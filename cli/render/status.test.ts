import { expect, test } from 'vitest';
import type { Explanation } from '../../plans/explanation.ts';
import {
  exampleAssessment,
  exampleLive,
  exampleView,
  NOON,
  rolledBackView,
  stagesAt,
} from '../../test/fixtures/rollout-view.ts';
import { bar, comparison, howSure, sureness } from './evidence.ts';
import { plainInk } from './ink.ts';
import { renderJournal } from './journal.ts';
import { renderFlags, renderList } from './list.ts';
import { renderLive } from './live.ts';
import { renderStatus } from './status.ts';
import { shortTimeline, timeline } from './timeline.ts';

const page = { width: 80, now: NOON, ink: plainInk };
const message = {
  event: 'paused',
  channel: 'pager',
  state: 'waiting',
  attempts: 3,
  error: 'HTTP 500',
} as const;

test('status tells where a rollout stands, how both cohorts do, and what happens next', () => {
  const status = { view: exampleView(), live: exampleLive(), notifications: [message] };
  expect(renderStatus(status, page).join('\n')).toMatchInlineSnapshot(`
    "pricing-v2-1  New pricing engine
      flag      pricing-v2 in production, revision 12, service shop, owner payments
      handed in 2026-03-02 10:00:00 UTC by ada, 2 h ago

      internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50% ─ 100% ─ decommission

      state     active, in 5% for 3 min 20 s
      exposure  5 % + employees
      waits for bake time: 20 min more
                requests of the canary: 2,000 of 5,000
      next      25 % of users after the bake time, if the gate passes

      metric      baseline  canary         difference  acceptable  sure  verdict
      errors        0.49 %  0.61 %     +0.12 ±0.05 pp   ≤ +0.1 pp  50 %  hold
      latency       212 ms  209 ms  -0.2 ±0.4 pp slow   ≤ +3.1 pp   0 %  pass
      conversion    21.3 %  21.4 %       +0.1 ±0.4 pp     ≥ -1 pp   0 %  pass

      how sure  ████████░░░░░░░░░░░░  43 % of what a stop needs
      the gate  baking, 20 min to go (5 s ago)
      polls     13 used, 1 without traffic, 0 rejected

      messages  paused to pager waits, tried 3 times: HTTP 500"
  `);
});

test('status tells until when the exposure holds by itself', () => {
  const fallback = { percent: 1, segments: ['employees'], variant: null };
  const told = (until: number) => {
    const status = { view: exampleView(), live: null, notifications: [], lease: { until, fallback } };
    return renderStatus(status, page).find((line) => line.includes('lease'));
  };
  expect(told(NOON + 400_000)).toBe(
    '  lease     ends in 6 min 40 s unless it is renewed; then 1 % + employees',
  );
  expect(told(NOON - 10_000)).toBe('  lease     ended 10 s ago: 1 % + employees');
});

test('status of a rollout that was taken back says why and by whom', () => {
  const text = renderStatus({ view: rolledBackView(), live: null, notifications: [] }, page).join('\n');
  expect(text).toMatchInlineSnapshot(`
    "checkout-4
      flag      checkout in production, revision 12, service shop, owner payments
      handed in 2026-03-02 10:00:00 UTC by ada, 2 h ago

      internal ✓ ─ 1% ✓ ─ [5% ✗] ─ 25% ─ 50% ─ 100% ─ decommission

      state     rolled back 30 s ago
      exposure  nobody
      stop      hard stop by the gate: errors: canary 12 % against 0.49 % (31 s ago)"
  `);
});

test('status says where the metric moved, worst first, and leaves out what was not found', () => {
  const row = (value: string, share: number, found: boolean) => ({
    value,
    canary: { events: 40, total: 100 },
    baseline: { events: 5, total: 1000 },
    excess: 39.5,
    share,
    traffic: 0.1,
    lnE: 30,
    found,
    only: null,
  });
  const values = [row('/cart', 0.04, true), row('/checkout', 0.95, true), row('/home', 0.01, false)];
  const dimensions = [
    { label: 'endpoint', values, left: 0, mix: { excess: 0, share: 0, value: null }, note: null },
  ];
  const sentence = '95 % of the excess in errors comes from endpoint=/checkout';
  const explanation = { sentence, dimensions } as unknown as Explanation;
  const view = { ...rolledBackView(), explanation };
  expect(renderStatus({ view, live: null, notifications: [] }, page).join('\n')).toContain(
    [
      `  why       ${sentence}`,
      '            endpoint=/checkout   95 % of it  canary 40 % against 0.5 %',
      '            endpoint=/cart        4 % of it  canary 40 % against 0.5 %',
    ].join('\n'),
  );
  const live = renderLive([{ view, live: null }], { width: 60, height: 20, now: NOON, ink: plainInk });
  expect(live.join('\n')).toMatch(/why {7}95 % of the excess in errors comes from\n {12}endpoint=/);
});

test('status names the roles that may approve', () => {
  const blocker = {
    kind: 'approval',
    text: 'waits for an approval',
    until: NOON + 1_800_000,
    roles: ['on-call'],
  } as const;
  const view = exampleView({ blockers: [{ ...blocker, roles: ['on-call'] }] });
  const text = renderStatus({ view, live: null, notifications: [] }, page).join('\n');
  expect(text).toContain('waits for an approval [on-call] (in 30 min)');
});

test('a check that failed does not end by itself: status says when it is asked again', () => {
  const text = 'before stage 5% failed: smoke (no answer)';
  const view = exampleView({ blockers: [{ kind: 'checks', text, until: NOON + 240_000, roles: [] }] });
  expect(renderStatus({ view, live: null, notifications: [] }, page).join('\n')).toContain(
    `${text} (asked again in 4 min)`,
  );
});

test('evidence is told as a share of what a stop needs', () => {
  expect(sureness(-3, 4.6)).toBe(0);
  expect(sureness(9, 4.6)).toBe(1);
  expect(sureness(Number.NaN, 4.6)).toBe(0);
  expect(bar(0, 10)).toBe('░░░░░░░░░░');
  expect(bar(0.001, 10)).toBe('█░░░░░░░░░');
  expect(bar(0.999, 10)).toBe('█████████░');
  expect(bar(1, 10)).toBe('██████████');
  expect(howSure(exampleAssessment(), 10, plainInk)).toBe('████░░░░░░  43 % of what a stop needs');
  expect(howSure(exampleAssessment({ lnE: 5 }), 10, plainInk)).toBe(
    '██████████  sure: as much as a stop needs',
  );
  expect(howSure(exampleAssessment({ lnE: 4.6 }), 10, plainInk)).toContain('99 %');
});

test('a slice has a line of its own in the comparison and in the journal', () => {
  const assessment = exampleAssessment();
  const [metric] = assessment.metrics;
  if (metric === undefined) throw new Error('no metric');
  const sliced = { ...assessment, metrics: [metric, { ...metric, slice: 'tier=enterprise' }] };
  const lines = comparison(sliced, { kinds: {}, width: 120, ink: plainInk });
  expect(lines.at(-1)).toContain(`${metric.metric}{tier=enterprise}`);
  expect(lines.at(-2)).not.toContain('tier');
});

test('the timeline marks what is done and what is now, and breaks between stages', () => {
  expect(timeline(exampleView(), 100, plainInk)).toEqual([
    'internal ✓ ─ 1% ✓ ─ [5%] ─ 25% ─ 50% ─ 100% ─ decommission',
  ]);
  expect(timeline(exampleView(), 30, plainInk)).toEqual([
    'internal ✓ ─ 1% ✓ ─ [5%] ─ 25%',
    '50% ─ 100% ─ decommission',
  ]);
  expect(timeline(rolledBackView(), 100, plainInk)[0]).toContain('[5% ✗]');
});

test('on one line the timeline keeps the present stage', () => {
  expect(shortTimeline(exampleView(), 40, plainInk)).toContain('[5%]');
  expect(shortTimeline(exampleView({ stage: '100%', stages: stagesAt('100%') }), 30, plainInk)).toContain(
    '[100%]',
  );
  expect(shortTimeline(exampleView(), 5, plainInk)).toContain('[5%]');
});

test('the list has a line for each rollout', () => {
  expect(renderList([exampleView(), rolledBackView()], page).join('\n')).toMatchInlineSnapshot(`
    "rollout       flag        environment  state        stage  exposure         han…
    pricing-v2-1  pricing-v2  production   active       5%     5 % + employees  2 h…
    checkout-4    checkout    production   rolled back  5%     nobody           2 h…"
  `);
  expect(renderList([], page)).toEqual(['no rollouts']);
});

test('flags show whose they are and how long, and what holds or moves them, in 80 columns', () => {
  const flag = {
    key: 'checkout',
    environment: 'production',
    exposure: { percent: 0, segments: [], variant: null },
    refused: null,
  };
  const latch = { by: 'ada', reason: 'wrong totals', at: '2026-03-02T12:00:00Z' };
  const release = { owner: 'payments', purpose: 'release', expires: '2027-06-30', latch: null };
  const pricing = {
    ...flag,
    ...release,
    key: 'pricing-v2',
    lifecycle: 'Ramping' as const,
    rolloutId: 'pricing-v2-1',
  };
  const bare = {
    ...flag,
    refused: 'kind: unknown',
    owner: null,
    purpose: null,
    expires: null,
    lifecycle: null,
    rolloutId: null,
    latch,
  };
  expect(renderFlags([pricing, bare], { ...page, width: 80 }).join('\n')).toMatchInlineSnapshot(`
    "flag        environment  exposure  lifecycle  owner     purpose  expires
    pricing-v2  production   nobody    Ramping    payments  release  2027-06-30
      moved by pricing-v2-1
    checkout    production   nobody    –          –         –        –
      its definition cannot be served: kind: unknown
      killed by ada: wrong totals"
  `);
});

test('the journal says of each transition what, why, by whom and what the flag did', () => {
  const entry = {
    rolloutId: 'pricing-v2-1',
    seq: 4,
    at: NOON,
    transition: 'advanced',
    stage: '5%',
    cause: { kind: 'gate', verdict: 'pass', reason: 'nothing speaks against the canary' },
    summary: '5 % of users get the canary',
    exposure: { percent: 5, segments: [], variant: null },
    flagBefore: 11,
    flagAfter: 12,
    evidence: exampleAssessment(),
    queries: [],
  } as const;
  const lines = renderJournal([{ ...entry, exposure: { ...entry.exposure, segments: [] }, queries: [] }], {
    ...page,
    width: 120,
  });
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "2026-03-02 12:00:00  advanced  5%
        5 % of users get the canary
        by the gate: nothing speaks against the canary; exposure 5 %, flag revision 11 → 12
        errors: hold, difference +0.12 ±0.05 pp, 50 % of what a stop needs
        latency: pass, difference -0.2 ±0.4 pp, 0 % of what a stop needs
        conversion: pass, difference +0.1 ±0.4 pp, 0 % of what a stop needs"
  `);
});
