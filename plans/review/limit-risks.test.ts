import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parsePlan } from '../parse.ts';

const errors = { name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', hard: '+0.5pp' };
const behind = { ...errors, name: 'behind', of: 'shadow' };
const ceiling = { name: 'ceiling', metric: 'errors', above: '5%', for: '30m' };

/** What is said of limits, of a plan with these stages. */
function late(stages: object[], limit: object): string[] {
  const text = stringify({
    metadata: { name: 'pricing' },
    flag: { key: 'pricing' },
    metrics: [errors, behind],
    limits: [limit],
    stages,
  });
  const parsed = parsePlan(text, 'plan.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  return parsed.warnings
    .filter(({ rule }) => rule === 'PLAN-LIMIT-LATE')
    .map(({ message, instead }) => `${message} -> ${instead}`);
}

it('says which stages are over before a limit has had its time, of those that read its metric', () => {
  const dark = { name: 'dark', dark: { percent: 5 }, bake: '10m' };
  const short = [
    dark,
    { name: 'internal', audience: { segments: ['employees'] }, bake: '15m' },
    { name: '5%', percent: 5, promote: { proof: '0.5pp', early: '20m' } },
    { name: '100%', percent: 100 },
    { name: 'decommission', decommission: { cleanFor: '7d' }, bake: '10s' },
  ];
  expect(late(short, ceiling)).toEqual([
    'stages internal, 5% may be over after 15m, and "ceiling" takes 30m: there it decides nothing -> `for: 15m` or less, or a longer `bake`',
  ]);
  expect(late(short, { ...ceiling, for: '15m' })).toEqual([]);
  expect(late(short, { ...ceiling, metric: 'behind' })).toEqual([
    expect.stringMatching(/^stage dark may be over after 10m, and "ceiling" takes 30m/),
  ]);
  expect(late(short, { name: 'tickets', expr: 'x', above: 1, for: '15m' })).toEqual([
    expect.stringMatching(/^stage dark may be over after 10m/),
  ]);
});
