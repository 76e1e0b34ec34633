import { describe, expect, it } from 'vitest';
import { parsePlan } from '../parse.ts';

const BASE = `
metadata: { name: pricing }
flag: { key: pricing }
metrics:
  - { name: errors, kind: ratio, bad: e, total: n, soft: +0.1pp, hard: +0.5pp }
`;
const STAGES = `
stages:
  - { name: 1%, percent: 1 }
  - { name: 100%, percent: 100 }
`;

/** `RULE path` of every error. */
function errors(more: string): string[] {
  const parsed = parsePlan(`${BASE}${more}${more.includes('stages:') ? '' : STAGES}`, 'plan.yaml');
  const findings = parsed.kind === 'invalid' ? parsed.findings : [];
  return findings.filter(({ severity }) => severity === 'error').map(({ rule, path }) => `${rule} ${path}`);
}

const stage = (more: string) => `
stages:
  - { name: 1%, percent: 1 }
  - { name: 100%, percent: 100, ${more} }
`;

describe('the times of a plan', () => {
  it('are taken as people write them', () => {
    expect(
      errors(`
start: { at: 2026-03-02T09:00+01:00 }
deadline: { after: 21d, then: rollback }
policy: { soft: step-back, retry: { wait: 1h } }
windows: { freezes: [{ from: 2026-12-20, to: 2027-01-02 }], holidays: berlin, bakeOutsideFreezes: true }
${stage('bake: 24h, promote: { proof: 0.5pp, early: 6h }, windows: { timezone: America/New_York, allow: ["22:00-05:00"], holidays: [2026-12-25] }')}`),
    ).toEqual([]);
  });

  it.each([
    ['start: { at: tomorrow }', 'PLAN-VALUE start.at'],
    ['deadline: { then: pause }', 'PLAN-DEADLINE deadline'],
    ['deadline: { at: 2026-03-02T09:00Z, after: 2d }', 'PLAN-DEADLINE deadline'],
    ['start: { at: 2026-03-02T09:00Z }\ndeadline: { at: 2026-03-01T09:00Z }', 'PLAN-DEADLINE deadline.at'],
    ['policy: { retry: { wait: 1h } }', 'PLAN-RETRY policy.retry'],
    ['windows: { bakeOutsideFreezes: true }', 'PLAN-WINDOW windows.bakeOutsideFreezes'],
    [stage('windows: { timezone: Europe/Berlim }'), 'PLAN-TIMEZONE stages[1].windows.timezone'],
    [stage('windows: { allow: ["Mon 25:00-26:00"] }'), 'PLAN-WINDOW stages[1].windows.allow[0]'],
    [stage('bake: 6h, promote: { proof: 0.5pp, early: 6h }'), 'PLAN-TIME stages[1].promote.early'],
  ])('that cannot be: %s', (text, finding) => {
    expect(errors(text)).toEqual([finding]);
  });
});

describe('the checks of a plan', () => {
  it.each([
    ['checks: [{ name: a }]', 'PLAN-CHECK stages[1].checks[0]'],
    [
      'checks: [{ name: a, command: [x], http: { url: "https://a.example" } }]',
      'PLAN-CHECK stages[1].checks[0]',
    ],
    [
      'checks: [{ name: a, http: { url: "https://me:pw@a.example" } }]',
      'PLAN-CHECK stages[1].checks[0].http.url',
    ],
    ['checks: [{ name: a, http: { url: "file:///etc/passwd" } }]', 'PLAN-VALUE stages[1].checks[0].http.url'],
    [
      'checks: [{ name: a, http: { url: "https://a.example", body: x } }]',
      'PLAN-CHECK stages[1].checks[0].http.body',
    ],
    [
      'checks: [{ name: a, sql: { database: d, query: q, expect: {} } }]',
      'PLAN-CHECK stages[1].checks[0].sql.expect',
    ],
    ['checks: [{ name: a, command: [x], timeout: 0s }]', 'PLAN-TIME stages[1].checks[0].timeout'],
    [
      'checks: [{ name: a, command: [x] }, { name: a, command: [y] }]',
      'PLAN-NAME-TWICE stages[1].checks[1].name',
    ],
  ])('that cannot be: %s', (text, finding) => {
    expect(errors(stage(text))).toEqual([finding]);
  });
});
