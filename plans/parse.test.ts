import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WHOLE } from '../test/fixtures/whole-plan.ts';
import type { Finding } from './finding.ts';
import { parsePlan } from './parse.ts';
import type { Plan } from './plan.ts';

const example = (name: string) => readFileSync(new URL(`./examples/${name}.yaml`, import.meta.url), 'utf8');

function findings(text: string): Finding[] {
  const result = parsePlan(text, 'plan.yaml');
  return result.kind === 'ok' ? result.warnings : result.findings;
}

/** The findings of the whole plan with one text replaced, as `line:column RULE: message -> instead`. */
function replaced(was: string, by: string): string[] {
  if (!WHOLE.includes(was)) throw new Error(`${was} is not in the plan`);
  return findings(WHOLE.replace(was, by)).map(
    ({ line, column, rule, message, instead }) => `${line}:${column} ${rule}: ${message} -> ${instead}`,
  );
}

function ok(text: string): Plan {
  const result = parsePlan(text, 'plan.yaml');
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.findings, null, 1));
  return result.plan;
}

describe('a plan', () => {
  it('that is whole has no findings, and its weights sum to 1', () => {
    expect(findings(WHOLE)).toEqual([]);
    expect(ok(WHOLE).metrics.map(({ weight }) => weight)).toEqual([0.5, 0.5]);
    const given = ok(WHOLE.replace('hard: +0.5pp', 'hard: +0.5pp\n    weight: 0.8'));
    expect(given.metrics.map(({ weight }) => weight)).toEqual([0.8, expect.closeTo(0.2)]);
  });

  it('gives no weight to a metric without margins, and says that it decides nothing', () => {
    const text = WHOLE.replace(', soft: +20%', '');
    expect(ok(text).metrics.map(({ weight }) => weight)).toEqual([1, undefined]);
    expect(findings(text).map(({ rule }) => rule)).toEqual(['PLAN-ADVISORY']);
  });

  it.each(['minimal', 'pricing-v2', 'demo-good', 'demo-regression'])(
    'of the examples is valid: %s',
    (name) => {
      expect(parsePlan(example(name), name).kind).toBe('ok');
    },
  );

  it('survives the way through JSON, as the store and Temporal keep it', () => {
    const plan = ok(example('pricing-v2'));
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('may use anchors and merges, and errors in them stand where they were written', () => {
    const text = WHOLE.replace('soft: +0.1pp', 'soft: &margin +0.1pp').replace(
      'hard: +0.5pp',
      'hard: *margin',
    );
    expect(ok(text).metrics[0]?.hard).toMatchObject({ absolute: 0.001 });
    const merged = WHOLE.replace('percent: 1\n    bake: 24h', '<<: &slow { percent: 1, bake: 24 }');
    expect(findings(merged)).toMatchObject([{ path: 'stages[1].bake', line: 17, column: 35 }]);
  });
});

describe('every error is said at once', () => {
  it('over syntax of values, names, conditions between fields and PromQL', () => {
    const text = WHOLE.replace('owner:', 'ownr:')
      .replace('+0.1pp', '0.1pp')
      .replace('bake: 24h', 'bake: 24')
      .replace('percent: 100', 'percent: 0.5')
      .replace('metric: errors', 'metric: eror')
      .replace('code=~"5.."', 'code=~5..')
      .replace('[paused,', '[pausd,');
    const all = findings(text);
    expect(all.map(({ line, rule }) => `${line} ${rule}`)).toEqual([
      '1 PLAN-KEY',
      '6 PLAN-PROMQL',
      '8 PLAN-UNIT',
      '12 PLAN-UNKNOWN-METRIC',
      '18 PLAN-UNIT',
      '19 PLAN-PERCENT',
      '20 PLAN-STAGE',
      '22 PLAN-VALUE',
    ]);
    expect(all.every(({ severity, instead }) => severity === 'error' && instead !== '')).toBe(true);
  });

  it('and nothing is said twice, or of what was only put in for a value that is wrong', () => {
    expect(replaced('name: errors', 'nam: errors')).toEqual([
      '4:5 PLAN-KEY: there is no `nam` here -> did you mean `name`?',
    ]);
    expect(replaced('percent: 1\n', 'percent: 1%\n')).toEqual([
      '17:14 PLAN-UNIT: "1%" is no number of percent -> 1',
    ]);
  });
});

describe('what is said and what to write instead', () => {
  it.each([
    ['bake: 24h', 'bake: 24', '18:11 PLAN-UNIT: 24 is no duration -> a unit with it: 24s, 24m, 24h or 24d'],
    ['bake: 24h', 'bake: 2 hours', '18:11 PLAN-UNIT: "2 hours" is no duration -> 2h'],
    ['bake: 24h', 'bake: 1w', '18:11 PLAN-UNIT: "1w" is no duration -> 7d'],
    ['bake: 24h', 'bake:', '18:5 PLAN-MISSING: `bake` is empty -> a duration such as 30s, 15m, 24h, 7d'],
    ['bake: 24h', 'bake: 9000d', '18:11 PLAN-UNIT: it is longer than ten years -> 9000d'],
    [
      'soft: +0.1pp',
      'soft: 0.001',
      '8:11 PLAN-UNIT: 0.001 is no difference -> +0.1pp (percentage points) or +0.1% (of the baseline), or with - for a metric of good events',
    ],
    [
      'soft: +20%',
      'soft: min(+1pp, +5%)',
      '10:86 PLAN-UNIT: "min(+1pp" is no difference -> in quotes, since it holds a comma: "min(+0.1pp, +50%)"',
    ],
    [
      'soft: +0.1pp',
      'soft: min(+0.1pp, -5%)',
      '8:11 PLAN-UNIT: both parts of min(...) need the same sign -> a difference such as +0.5pp, -1pp, +20%, min(+0.1pp, +50%)',
    ],
    ['above: 5%', 'above: 2x', '12:45 PLAN-UNIT: "2x" is no limit -> 2x baseline'],
    ['kind: latency', 'kind: lateny', '10:28 PLAN-VALUE: "lateny" does not fit here -> latency'],
    [
      'kind: ratio\n',
      '\n',
      '4:5 PLAN-MISSING: `kind` is missing -> add `kind:` with one of ratio, latency, mean, gauge',
    ],
    ['[employees]', 'employees', '15:27 PLAN-VALUE: "employees" does not fit here -> a list: [employees]'],
    [
      '    bake: 24h',
      '    minRequest: 5',
      '18:5 PLAN-KEY: there is no `minRequest` here -> did you mean `minRequests`?',
    ],
    [
      'owner: payments',
      'percent: 5',
      '1:31 PLAN-KEY: there is no `percent` here -> move it: it is known as stages[].percent, stages[].aa.percent, stages[].dark.percent',
    ],
    [
      'key: pricing-v2',
      'key: 12',
      '2:14 PLAN-VALUE: 12 is no key (letters, digits, dots, dashes, underscores) -> in quotes: "12"',
    ],
    [
      'kind: latency,',
      'kind: latency, quantile: 99,',
      '10:47 PLAN-VALUE: 99 is too large: less than 1 -> 0.99',
    ],
  ])('%j written as %j', (was, by, said) => {
    const all = replaced(was, by);
    expect(all.filter((line) => !line.includes('PLAN-NO-'))).toEqual([said]);
  });

  it.each([
    ['soft: +0.1pp', 'soft: -0.1pp', '8:11', 'PLAN-DIRECTION', '+0.1pp'],
    ['soft: +20%', 'soft: +2pp', '10:86', 'PLAN-UNIT', 'a share of it, such as +20%'],
    ['hard: +0.5pp', 'hard: +0.05pp', '9:11', 'PLAN-MARGIN', '+0.1pp or more'],
    ['soft: +0.1pp', 'soft: +0pp', '8:11', 'PLAN-MARGIN', 'the smallest harm that matters'],
    ['hard: +0.5pp', 'hard: +0.5pp\n    weight: 1', '10:13', 'PLAN-WEIGHT', 'less than 1 in sum'],
    ['metric: errors, ', '', '12:5', 'PLAN-LIMIT', 'add `metric:` with one of errors, latency'],
    ['above: 5%', 'expr: "up", above: 5%', '12:38', 'PLAN-LIMIT', 'one of them'],
    ['name: latency', 'name: errors', '10:13', 'PLAN-NAME-TWICE', 'a name of its own'],
    ['    bad: http', '    good: http_x\n    bad: http', '6:5', 'PLAN-RATIO', 'exactly one'],
    ['code=~"5.."}', 'code=~"5.."}[5m]', '6:10', 'PLAN-PROMQL', 'selector'],
    ['http_seconds{', 'http_seconds_bucket{', '10:48', 'PLAN-PROMQL', 'http_seconds{service="shop"}'],
    [
      'service="shop"}\n    soft',
      'service="shop",variant="on"}\n    soft',
      '7:12',
      'PLAN-COHORT',
      'without variant',
    ],
    ['bake: 24h', 'bake: 24h\n    max: 1h', '19:10', 'PLAN-TIME', 'at least the bake time'],
    ['bake: 24h', 'minUsers: 50', '18:5', 'PLAN-USERS', 'users'],
    ['bake: 24h', 'coverage: [{ slice: enterprise }]', '18:25', 'PLAN-VALUE', 'tier=enterprise'],
    ['bake: 24h', 'coverage: [{ slice: le=0.1 }]', '18:25', 'PLAN-COVERAGE', 'bucket edge'],
    ['bake: 24h', 'coverage: [{ slice: variant=on }]', '18:25', 'PLAN-COVERAGE', 'tells the cohorts apart'],
    ['bake: 24h', 'coverage: [{ slice: instance=a }]', '18:25', 'PLAN-COVERAGE', 'an instance'],
    ['bake: 24h', 'coverage: [{ slice: a=b }, { slice: a=b }]', '18:41', 'PLAN-COVERAGE', 'there twice'],
    ['bake: 24h', 'coverage: [{ slice: a=b, segment: c }]', '18:30', 'PLAN-EXCLUDE', 'then: exclude'],
    ['flag: {', 'policy: { exclusions: { most: 1 } }\nflag: {', '2:11', 'PLAN-EXCLUDE', 'then: exclude'],
    [
      'flag: {',
      'reversibility: forward-only\nsafeExposure: frozen\ncoverage: [{ slice: a=b, then: exclude }]\nflag: {',
      '4:32',
      'PLAN-EXCLUDE',
      'then: stop',
    ],
    [
      'flag: {',
      'coverage: [{ slice: a=b, then: exclude }]\nflag: { provider: unleash, ',
      '2:32',
      'PLAN-EXCLUDE',
      'then: stop',
    ],
    ['bake: 24h', 'coverage: [{ slice: a=b, metrics: [eror] }]', '18:40', 'PLAN-UNKNOWN-METRIC', 'errors'],
    ['bake: 24h', 'lease: 44s', '18:12', 'PLAN-LEASE', '45s or more'],
    ['flag: {', 'lease: 1s\nflag: {', '2:8', 'PLAN-LEASE', '45s or more'],
    [
      'flag: {',
      'reversibility: forward-only\nsafeExposure: frozen\nlease: 10m\nflag: {',
      '4:1',
      'PLAN-LEASE',
      'safeExposure: { variant',
    ],
    [
      'bake: 24h',
      'metrics: { erors: { soft: +1pp } }',
      '18:16',
      'PLAN-UNKNOWN-METRIC',
      'did you mean errors?',
    ],
    ['bake: 24h', 'metrics: { errors: { hard: +0.01pp } }', '18:32', 'PLAN-MARGIN', '+0.1pp or more'],
    ['bake: 24h', 'approval: { roles: [a, a] }', '18:28', 'PLAN-APPROVAL', 'each role once'],
    [
      '    percent: 1\n',
      '    audience: { segments: [x] }\n    percent: 1\n',
      '18:5',
      'PLAN-STAGE',
      'a stage for each',
    ],
    ['    percent: 1\n', '', '16:5', 'PLAN-STAGE', 'one of `percent: 5`'],
    ['percent: 100', 'percent: 50', '20:27', 'PLAN-STAGE', 'percent: 100'],
    ['flag: {', 'reversibility: forward-only\nflag: {', '2:16', 'PLAN-SAFE-EXPOSURE', 'frozen'],
    ['flag: {', 'safeExposure: frozen\nflag: {', '2:1', 'PLAN-SAFE-EXPOSURE', 'take it out'],
    [
      'flag: {',
      'reversibility: forward-only\nsafeExposure: frozen\npolicy: { soft: step-back }\nflag: {',
      '4:17',
      'PLAN-SAFE-EXPOSURE',
      'pause',
    ],
    ['flag: {', 'source: { poll: 0.5s }\nflag: {', '2:17', 'PLAN-TIME', '1s or more'],
    [
      'flag: {',
      'windows: { timezone: Europe/Berln }\nflag: {',
      '2:22',
      'PLAN-TIMEZONE',
      'did you mean Europe/Berlin?',
    ],
    ['flag: {', 'windows: { allow: [Mo-Fr 9-17] }\nflag: {', '2:20', 'PLAN-WINDOW', 'Mon-Thu 09:00-16:00'],
    ['flag: {', 'analysis: { falseRollback: 0% }\nflag: {', '2:28', 'PLAN-CHANCE', 'between'],
    ['key: pricing-v2', 'key: pricing-v2, canary: "off"', '2:34', 'PLAN-FLAG', 'two different variants'],
    ['key: pricing-v2', 'key: pricing-v2, flagSet: production', '2:35', 'PLAN-FLAG', 'another name, or none'],
    ['key: pricing-v2', 'key: pricing-v2, provider: mine, flagSet: a', '2:42', 'PLAN-FLAG', 'take it out'],
    ['key: pricing-v2', 'key: pricing-v2, variants: { "on": 1 }', '2:26', 'PLAN-FLAG', 'add `off: ...`'],
    ['rolled-back, no-data]', 'rolled-back, paused]', '22:53', 'PLAN-NOTIFY', 'each event once'],
  ])('%j written as %j: %s %s', (was, by, at, rule, instead) => {
    expect(replaced(was, by)).toEqual([expect.stringMatching(new RegExp(`^${at} ${rule}: `))]);
    expect(replaced(was, by)[0]).toContain(instead);
  });

  it('points into PromQL, through quotes, escapes and blocks', () => {
    const columns = [
      replaced('http_requests_total{service="shop"}\n', "'a{b=''c''}'\n"),
      replaced('http_requests_total{service="shop"}\n', '"a{b=\\"c\\", d=e}"\n'),
      replaced('http_requests_total{service="shop"}\n', '|-\n      a{b="c",\n        d=e}\n'),
    ].map((all) => all[0]?.split(' ')[0]);
    expect(columns).toEqual([undefined, '7:26', '9:11']);
  });
});

describe('risks are warnings of a plan that is valid', () => {
  it.each([
    [', owner: payments', '', 'PLAN-NO-OWNER'],
    [', ticket: PAY-1', '', 'PLAN-NO-TICKET'],
    [', expires: 2027-06-30', '', 'PLAN-NO-EXPIRY'],
    ['kind: latency, histogram:', 'kind: ratio, bad: b, total:', 'PLAN-NO-LATENCY PLAN-NO-HARD-MARGIN'],
    ['    hard: +0.5pp\n', '', 'PLAN-NO-HARD-MARGIN'],
    ['hard: +0.5pp', 'hard: +50%', 'PLAN-MIXED-MARGINS'],
    ['percent: 1\n', 'percent: 10\n', 'PLAN-BIG-FIRST-STEP'],
    ['  - name: internal\n    audience: { segments: [employees] }\n', '', 'PLAN-NO-INTERNAL'],
    [
      '  - { name: ceiling, metric: errors, above: 5%, for: 10m, action: rollback }',
      '  []',
      'PLAN-NO-BASELINE',
    ],
    ['[paused, rolled-back, no-data]', '[completed]', 'PLAN-SILENT-STOP'],
  ])('%j left out or written as %j', (was, by, rules) => {
    expect(ok(WHOLE.replace(was, by))).toBeDefined();
    const found = findings(WHOLE.replace(was, by));
    expect(found.map(({ rule }) => rule).join(' ')).toBe(rules);
    expect(found.every(({ severity }) => severity === 'warning')).toBe(true);
  });
});

describe('broken YAML', () => {
  it.each([
    ['', '1:1 PLAN-MISSING'],
    ['# nothing', '1:1 PLAN-MISSING'],
    ['- a', '1:1 PLAN-VALUE'],
    ['plan', '1:1 PLAN-VALUE'],
    ['a: 1\n---\nb: 2', '2:1 PLAN-YAML'],
    ['a:\n\t- b', '2:1 PLAN-YAML'],
    ['metrics: [{ total: x{a="b"} }]', '1:21 PLAN-YAML'],
    ['a: *nope', '1:4 PLAN-YAML'],
    ['a: "x', '1:6 PLAN-YAML'],
    ['!!js/function x', '1:1 PLAN-YAML'],
  ])('%j is said at %s', (text, said) => {
    const [first] = findings(text);
    expect(`${first?.line}:${first?.column} ${first?.rule}`).toBe(said);
  });

  it('names a duplicate and goes on', () => {
    const text = WHOLE.replace('percent: 1\n', 'percent: 1\n    percent: 2\n').replace(
      'bake: 24h',
      'bake: 24',
    );
    expect(findings(text).map(({ line, rule }) => `${line} ${rule}`)).toEqual([
      '18 PLAN-YAML',
      '19 PLAN-UNIT',
    ]);
  });

  it('refuses names that are no text, and aliases that multiply', () => {
    expect(replaced('key: pricing-v2', 'key: x, variants: { 1: a, "on": b, "off": c }')[0]).toContain(
      '2:29 PLAN-YAML: the name of an entry must be a text -> in quotes: "1"',
    );
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [was, is] of ['ab', 'bc', 'cd', 'de', 'ef'])
      bomb.push(`${is}: &${is} [${`*${was},`.repeat(10)}]`);
    expect(findings(bomb.join('\n'))[0]?.message).toBe('aliases multiply beyond reason');
  });
});
