import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parsePlan } from './parse.ts';

const PAGE = readFileSync(new URL('../docs/stops.md', import.meta.url), 'utf8');
const BASE = {
  metadata: { name: 'checkout', owner: 'shop' },
  flag: { key: 'checkout' },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad_total', total: 'requests_total', soft: '+0.1pp' }],
  stages: [
    { name: '5%', percent: 5 },
    { name: '100%', percent: 100 },
  ],
};

/** The kinds of stops that the page lists, each with the lines of a plan that it is made by. */
const rows = PAGE.split('\n')
  .filter((line) => /^\| [^|]+ \| `(?:metrics|limits|alerts|policy): /.test(line))
  .map((line): [kind: string, lines: string] => {
    const [, kind = '', lines = ''] = /^\| ([^|]+) \| `([^`]+)`/.exec(line) ?? [];
    return [kind, lines];
  });

test('the page tells of every kind of stop', () => {
  expect(rows.map(([kind]) => kind)).toEqual([
    'error rate',
    'error ceiling',
    'latency',
    'parity of both paths',
    'authentication failures',
    'data integrity',
    'support tickets',
    'business metrics',
    'critical bug reported',
    'alert of the canary, of the service',
    'another deployment',
    'no data',
    'nobody answers',
  ]);
});

test.each(rows)('%s: the lines of the page are lines of a plan', (_kind, lines) => {
  const own = parse(lines) as Record<string, unknown> & { metrics?: { name: string }[] };
  const names = new Set(own.metrics?.map(({ name }) => name));
  const metrics = [...(own.metrics ?? []), ...BASE.metrics.filter(({ name }) => !names.has(name))];
  const parsed = parsePlan(stringify({ ...BASE, ...own, metrics }), 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  for (const key of Object.keys(own)) expect(parsed.plan).toHaveProperty(key);
});
