import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { WHOLE } from '../test/fixtures/whole-plan.ts';
import { parsePlan, type SoundPlan } from './parse.ts';
import { besideRollouts } from './review/shared-flag.ts';
import { RISKS } from './risks.ts';

interface Written {
  [key: string]: unknown;
}

/** A plan that takes no risk, with parts of it replaced; `null` takes one out. */
function planWith(changes: Written): string {
  const whole: Written = parse(WHOLE);
  const stages = [
    { name: 'internal', audience: { segments: ['employees'] } },
    { name: '5%', percent: 5 },
    { name: '25%', percent: 25 },
    { name: '100%', percent: 100 },
    { name: 'decommission', decommission: { cleanFor: '7d' } },
  ];
  const windows = { timezone: 'Europe/Berlin', allow: ['Mon-Thu 09:00-16:00', 'Fri 09:00-12:00'] };
  const all = { ...whole, stages, windows, allow: [], ...changes };
  return stringify(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)));
}

function sound(text: string): SoundPlan {
  const result = parsePlan(text, 'plan.yaml');
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.findings, null, 1));
  return result;
}

const rulesOf = (text: string) => sound(text).warnings.map(({ rule, path }) => `${rule} ${path}`);
const stages = (...shares: number[]) => [
  { name: 'internal', audience: { segments: ['employees'] } },
  ...shares.map((percent) => ({ name: `${percent}%`, percent })),
  { name: 'decommission', decommission: {} },
];
const errors = { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', hard: '+0.5pp' };
const latency = { name: 'latency', kind: 'latency', histogram: 'h', soft: '+20%' };
const roles = (...names: string[]) => ({ roles: names });

it('a plan without risks has no findings', () => {
  expect(rulesOf(planWith({}))).toEqual([]);
});

const cases: [expected: string, changes: Written][] = [
  ['PLAN-NO-OWNER metadata', { metadata: { name: 'a', ticket: 'T-1' } }],
  ['PLAN-NO-TICKET metadata', { metadata: { name: 'a', owner: 'team' } }],
  [
    'PLAN-NO-ERRORS metrics',
    { metrics: [{ ...errors, bad: undefined, good: 'o', soft: '-1pp', hard: undefined }, latency] },
  ],
  ['PLAN-NO-LATENCY metrics', { metrics: [errors] }],
  ['PLAN-NO-INTERNAL stages', { stages: stages(5, 25, 100).slice(1) }],
  ['PLAN-BIG-FIRST-STEP stages[1].percent', { stages: stages(6, 25, 100) }],
  ['PLAN-BIG-JUMP stages[2].percent', { stages: stages(1, 5.1, 25, 100) }],
  [
    'PLAN-NO-PEAK stages[1]',
    {
      stages: stages(5, 25, 100).map((one) =>
        'percent' in one && one.percent < 100 ? { ...one, bake: '23h' } : one,
      ),
    },
  ],
  ['PLAN-NO-HARD-MARGIN metrics[0].name', { metrics: [{ ...errors, hard: undefined }, latency] }],
  ['PLAN-NO-HARD-STOP policy.hard', { policy: { hard: 'pause' } }],
  [
    'PLAN-NOT-YET metrics[2].breakdown',
    {
      metrics: [
        errors,
        latency,
        { name: 'revenue', kind: 'mean', sum: 's', count: 'c', soft: '-5%', breakdown: ['region'] },
      ],
    },
  ],
  ['PLAN-ADVISORY metrics[1].name', { metrics: [errors, { ...latency, soft: undefined }] }],
  ['PLAN-MIXED-MARGINS metrics[0].hard', { metrics: [{ ...errors, hard: '+50%' }, latency] }],
  ['PLAN-NO-BASELINE stages[3].percent', { limits: [] }],
  [
    'PLAN-NO-BASELINE stages[3].percent',
    { limits: [{ name: 'doubled', metric: 'errors', above: '2x baseline', action: 'rollback' }] },
  ],
  [
    'PLAN-NO-BASELINE stages[3].percent',
    { limits: [{ name: 'old path', metric: 'errors', cohort: 'baseline', above: '5%', action: 'pause' }] },
  ],
  [
    'PLAN-NO-BASELINE stages[4].percent',
    {
      metrics: [errors, latency, { ...errors, name: 'shadow errors', of: 'shadow' }],
      stages: [{ name: 'shadow', shadow: {} }, ...stages(5, 25, 100)],
      limits: [{ name: 'behind', metric: 'shadow errors', above: '5%', action: 'rollback' }],
    },
  ],
  ['PLAN-NO-KILL-PATH safeExposure', { reversibility: 'forward-only', safeExposure: 'frozen' }],
  [
    'PLAN-DARK stages[0].dark',
    {
      metrics: [errors, latency, { ...errors, name: 'shadow errors', of: 'shadow' }],
      stages: [{ name: 'dark', dark: { percent: 10 } }, ...stages(5, 25, 100)],
    },
  ],
  [
    'PLAN-TENANT-SHARE stages[2].percent',
    {
      flag: { key: 'a', stickiness: 'tenant', expires: '2027-01-01' },
      stages: [
        ...stages().slice(0, 1),
        { name: 'friendly', audience: { tenants: ['acme'] } },
        ...stages(20, 100).slice(1),
      ],
    },
  ],
  [
    'PLAN-EXCLUDE-SILENT notify',
    {
      coverage: [{ slice: 'tenant=acme', then: 'exclude' }],
      notify: [{ channel: 'a', events: ['paused', 'rolled-back', 'completed'] }],
    },
  ],
  [
    'PLAN-EXCLUDE-WIDE policy.exclusions',
    {
      coverage: [{ slice: 'tenant=acme', then: 'exclude' }],
      policy: { exclusions: { traffic: '60%' } },
      notify: [{ channel: 'a', events: ['paused', 'rolled-back', 'excluded'] }],
    },
  ],
  [
    'PLAN-EXCLUDE-BLIND coverage[0].then',
    {
      coverage: [{ slice: 'tenant=acme', then: 'exclude' }],
      limits: [
        { name: 'doubled', metric: 'errors', above: '2x baseline', action: 'rollback' },
        { name: 'ceiling', metric: 'errors', above: '5%', action: 'pause' },
      ],
      notify: [{ channel: 'a', events: ['paused', 'rolled-back', 'excluded'] }],
    },
  ],
  [
    'PLAN-LIMIT-LATE limits[0].for',
    { limits: [{ name: 'ceiling', metric: 'errors', above: '5%', for: '25h', action: 'rollback' }] },
  ],
  ['PLAN-LEASE-SHORT lease', { lease: '5m' }],
  ['PLAN-SILENT-STOP notify', { notify: [{ channel: 'a', events: ['paused'] }] }],
  ['PLAN-NO-EXPIRY flag', { flag: { key: 'a' } }],
  ['PLAN-NO-DECOMMISSION stages', { stages: stages(5, 25, 100).slice(0, -1) }],
  ['PLAN-FRIDAY windows', { windows: null }],
  ['PLAN-FRIDAY windows.allow[0]', { windows: { allow: ['Mon-Fri 09:00-16:00'] } }],
  ['PLAN-FRIDAY windows.allow[1]', { windows: { allow: ['Fri 09:00-12:00', '22:00-02:00'] } }],
  ['PLAN-FRIDAY windows.allow[0]', { windows: { allow: ['Thu 14:00-13:00'] } }],
  [
    'PLAN-FRIDAY stages[2].windows.allow[0]',
    {
      stages: stages(5, 25, 100).map((one, at) =>
        at === 2 ? { ...one, windows: { allow: ['15:00-17:00'] } } : one,
      ),
    },
  ],
  [
    'PLAN-FRIDAY stages[2].windows',
    {
      stages: stages(5, 25, 100).map((one, at) =>
        at === 2 ? { ...one, windows: { timezone: 'UTC' } } : one,
      ),
    },
  ],
  ['PLAN-NO-DUAL-WRITE migration', { migration: { parity: 'ceiling' } }],
  ['PLAN-NO-PARITY migration', { migration: { writes: 'both' } }],
  [
    'PLAN-ONE-APPROVER approvals.start.roles',
    { approvals: { start: roles('a', 'b') }, approval: roles('b', 'c') },
  ],
  ['PLAN-ONE-APPROVER approval.roles', { approval: roles('a') }],
  [
    'PLAN-OBSERVE approval',
    { mode: 'observe', approval: roles('a'), stages: stages(5, 25, 100).slice(0, -1) },
  ],
];

it.each(cases)('%s', (expected, changes) => {
  expect(rulesOf(planWith(changes))).toEqual([expected]);
  const rule = expected.split(' ')[0] ?? '';
  const allowed = sound(planWith({ ...changes, allow: [{ rule, reason: 'known' }] }));
  expect(allowed.warnings).toEqual([]);
  expect(allowed.allowed).toMatchObject([{ rule, reason: 'known' }]);
});

it('every risk that the plan alone shows has a case, a reason and a way to mend it', () => {
  const alone = Object.entries(RISKS).filter(([, { needs }]) => needs === undefined);
  const seen = new Set(cases.map(([expected]) => expected.split(' ')[0]));
  expect(alone.map(([id]) => id).filter((id) => !seen.has(id) && id !== 'PLAN-ALLOW-UNUSED')).toEqual([]);
  for (const { holds, why, mend } of Object.values(RISKS))
    for (const text of [holds, why, mend]) expect(text).toMatch(/\.$/);
});

it('what a good plan has is no risk', () => {
  const two = { approvals: { start: { roles: ['lead'] } }, approval: { roles: ['on-call'] } };
  expect(rulesOf(planWith(two))).toEqual([]);
  expect(rulesOf(planWith({ approval: { roles: ['on-call'], quorum: 2 } }))).toEqual([]);
  expect(rulesOf(planWith({ stages: stages(0.2, 1, 5, 25, 100) }))).toEqual([]);
  expect(rulesOf(planWith({ migration: { writes: 'both', parity: 'ceiling' } }))).toEqual([]);
  const hours = stages(5, 25, 100).map((one) => ({ ...one, windows: { allow: ['Mon 09:00-16:00'] } }));
  expect(rulesOf(planWith({ stages: hours, windows: null }))).toEqual([]);
  expect(rulesOf(planWith({ windows: { allow: ['Thu 14:00-12:00', 'Sat 00:00-24:00'] } }))).toEqual([]);
  const forward = {
    reversibility: 'forward-only',
    safeExposure: { variant: 'disabled' },
    flag: { key: 'a', expires: '2027-06-30', variants: { on: true, off: false, disabled: false } },
    migration: { parity: 'errors' },
  };
  expect(rulesOf(planWith(forward))).toEqual([]);
});

it('what a plan requires of others is of another plan, can be reached, and is said once', () => {
  const found = (changes: Written) => {
    const result = parsePlan(planWith(changes), 'plan.yaml');
    return result.kind === 'ok'
      ? []
      : result.findings.map(({ rule, path, instead }) => `${rule} ${path} ${instead}`);
  };
  const requires = (...list: object[]) =>
    found({ metadata: { name: 'a', owner: 't', ticket: 'T' }, requires: list });
  const [first] = requires({ rollout: 'a' });
  expect(first).toContain('PLAN-REQUIRES requires[0].rollout the name of another plan');
  expect(requires({ rollout: 'a', environment: 'staging' })).toEqual([]);
  expect(requires({ rollout: 'b', reached: '120%' })[0]).toContain('PLAN-REQUIRES requires[0].reached');
  expect(requires({ rollout: 'b', reached: '0%' })[0]).toContain('PLAN-REQUIRES requires[0].reached');
  expect(requires({ rollout: 'b', reached: 25 })[0]).toBe('PLAN-VALUE requires[0].reached 25%');
  expect(requires({ rollout: 'b' }, { rollout: 'b' })[0]).toContain('PLAN-REQUIRES requires[1]');
  expect(requires({ rollout: 'b', reached: '5%' }, { rollout: 'b', reached: '25%' })).toEqual([]);
});

it('what is allowed must be there, be a risk, and be said once with a reason', () => {
  const allow = (rule: string, reason = 'known') => ({ allow: [{ rule, reason }] });
  const findings = (changes: Written) => {
    const result = parsePlan(planWith(changes), 'plan.yaml');
    const all = result.kind === 'ok' ? result.warnings : result.findings;
    return all.map(({ rule, message, instead }) => `${rule}: ${message} -> ${instead}`);
  };
  expect(findings(allow('PLAN-NO-OWNER'))).toEqual([
    'PLAN-ALLOW-UNUSED: nothing in this plan breaks PLAN-NO-OWNER -> take it out',
  ]);
  expect(findings(allow('PLAN-NO-OWNR'))).toEqual([
    'PLAN-ALLOW: there is no rule "PLAN-NO-OWNR" -> did you mean PLAN-NO-OWNER?',
  ]);
  expect(findings(allow('PLAN-MARGIN'))[0]).toContain('PLAN-MARGIN is no risk');
  expect(findings(allow('PLAN-ALLOW-UNUSED'))[0]).toContain('cannot be hidden itself');
  expect(findings(allow('PLAN-NO-EXPIRY', '  '))[0]).toContain('PLAN-VALUE');
  const twice = [1, 2].map(() => ({ rule: 'PLAN-NO-EXPIRY', reason: 'known' }));
  expect(findings({ flag: { key: 'a' }, allow: twice })).toEqual([
    'PLAN-ALLOW-UNUSED: PLAN-NO-EXPIRY is allowed already -> take it out',
  ]);
  expect(findings({ migration: { parity: 'celing' } })).toEqual([
    'PLAN-MIGRATION: there is no limit or metric "celing" -> did you mean ceiling?',
  ]);
});

it('where nobody of a slice is left on the old path, and what judges it there', () => {
  const blind = (changes: Written) =>
    sound(
      planWith({
        coverage: [{ slice: 'tier=acme', segment: 'acme', then: 'exclude' }],
        limits: [],
        notify: [{ channel: 'a', events: ['paused', 'rolled-back', 'excluded'] }],
        ...changes,
      }),
    )
      .warnings.filter(({ rule }) => rule === 'PLAN-EXCLUDE-BLIND')
      .map(({ message }) => message);
  const message = (stage: string) =>
    `in stage ${stage} nobody of tier=acme has the old path, and no limit judges it alone`;
  expect(blind({})).toEqual([message('100%')]);
  const listed = [{ name: 'big', audience: { segments: ['acme'] } }, ...stages(5, 25, 100).slice(1)];
  expect(blind({ stages: listed })).toEqual([message('big')]);
  expect(blind({ flag: { key: 'a', stickiness: 'tier' } })).toEqual([message('5%')]);
  const ceiling = { name: 'ceiling', metric: 'errors', above: '5%' };
  expect(blind({ limits: [{ ...ceiling, action: 'pause' }] })).toEqual([message('100%')]);
  expect(blind({ limits: [{ ...ceiling, action: 'rollback' }] })).toEqual([]);
});

it('what only others know is unused only once they were asked', () => {
  const plan = sound(planWith({ allow: [{ rule: 'PLAN-FLAG-SHARED', reason: 'a rehearsal' }] }));
  expect(plan.warnings).toEqual([]);
  expect(plan.with(besideRollouts([])).warnings).toMatchObject([{ rule: 'PLAN-ALLOW-UNUSED' }]);
  const other = { id: 'x-1', name: 'x', environment: 'staging' };
  const shared = plan.with(besideRollouts([other]));
  expect(shared.warnings).toEqual([]);
  expect(shared.allowed).toMatchObject([{ rule: 'PLAN-FLAG-SHARED', path: 'flag.key', line: 6 }]);
});

it('a flag is shared with the rollout that has it here, and with another change elsewhere, and not with its own rehearsal', () => {
  const warnings = (name: string, environment: string) =>
    sound(planWith({}))
      .with(besideRollouts([{ id: `${name}-1`, name, environment }]))
      .warnings.map(({ message }) => message);
  expect(warnings('pricing-v2', 'staging')).toEqual([]);
  expect(warnings('pricing-v2', 'production')).toEqual([expect.stringContaining('must end before')]);
  expect(warnings('other', 'staging')).toEqual([expect.stringContaining('another change')]);
});

it.each(readdirSync(new URL('./examples', import.meta.url)))(
  'the example %s takes no risk without a reason',
  (name) => {
    const text = readFileSync(new URL(`./examples/${name}`, import.meta.url), 'utf8');
    expect(sound(text).warnings).toEqual([]);
  },
);

it.each(readdirSync(new URL('./examples', import.meta.url)))(
  'the example %s can be watched before it acts',
  (name) => {
    const text = readFileSync(new URL(`./examples/${name}`, import.meta.url), 'utf8');
    const { plan, warnings } = sound(stringify({ ...parse(text), mode: 'observe' }));
    expect(plan.mode).toBe('observe');
    // What it allows counts once it acts, and so does what has no effect yet.
    expect(warnings.filter(({ rule }) => rule !== 'PLAN-OBSERVE')).toEqual([]);
  },
);
