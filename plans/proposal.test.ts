import { describe, expect, it } from 'vitest';
import { parsePlan } from './parse.ts';
import { proposePlan } from './proposal.ts';
import type { Advice, PlanEdit } from './report.ts';
import { durationText } from './units.ts';

const TEXT = `# Ours.
metadata: { name: pricing }
flag: { key: pricing }
metrics:
  - { name: errors, kind: ratio, bad: 'e{code="500"}', total: n, soft: +1pp, hard: +5pp } # the usual
stages:
  - { name: 1%, percent: 1, bake: 1h }
  - { name: 25%, percent: 25, bake: 2h }
`;

const advice = (edit?: PlanEdit): Advice => ({
  kind: 'step',
  text: 'because',
  ...(edit === undefined ? {} : { edit }),
});
const propose = (...edits: PlanEdit[]) => proposePlan(TEXT, { of: 'pricing-1', advice: edits.map(advice) });

describe('a proposed plan', () => {
  it.each<[string, PlanEdit, string]>([
    [
      'a longer bake',
      { kind: 'bake', stage: '1%', value: '90m' },
      '  - { name: 1%, percent: 1, bake: 90m }\n',
    ],
    [
      'a smaller stage',
      { kind: 'insert', before: '25%', stage: { name: '5%', percent: 5, bake: '2h' } },
      '  - { name: 5%, percent: 5, bake: 2h }\n  - { name: 25%,',
    ],
    [
      'a tighter margin',
      { kind: 'soft', metric: 'errors', value: '+0.2pp' },
      'soft: +0.2pp, hard: +5pp } # the usual',
    ],
    ['the measured noise', { kind: 'noise', value: 0.6 }, 'analysis:\n  noise: 0.6\n'],
    [
      'a slice',
      { kind: 'coverage', slice: 'tier=enterprise' },
      'coverage:\n  - { slice: tier=enterprise }\n',
    ],
  ])('has %s, is right, and says why', (_, edit, expected) => {
    const { text, reasons, left } = propose(edit);
    expect(text).toContain(expected);
    expect(text.startsWith('# Proposed after pricing-1: because\n# Ours.\n')).toBe(true);
    expect(parsePlan(text, 'p').kind).toBe('ok');
    expect([reasons, left]).toEqual([['because'], []]);
  });

  it('carries out one after the other', () => {
    const { text, reasons } = propose(
      { kind: 'coverage', slice: 'tier=enterprise' },
      { kind: 'coverage', slice: 'region=eu' },
      { kind: 'bake', stage: '25%', value: '1d' },
    );
    expect(reasons).toHaveLength(3);
    const parsed = parsePlan(text, 'p');
    expect(parsed).toMatchObject({
      plan: {
        coverage: [{ slice: 'tier=enterprise' }, { slice: 'region=eu' }],
        stages: [{}, { bake: 86_400 }],
      },
    });
  });

  it('leaves to a person what takes a choice, names nothing there, or would not be a plan', () => {
    const left = [
      advice(),
      advice({ kind: 'bake', stage: '7%', value: '1h' }),
      advice({ kind: 'insert', before: '1%', stage: { name: '50%', percent: 50, bake: '1h' } }),
    ];
    expect(proposePlan(TEXT, { of: 'pricing-1', advice: left })).toEqual({
      text: TEXT,
      reasons: [],
      left: ['because', 'because', 'because'],
    });
  });
});

it.each([
  [5400, '90m'],
  [3600, '1h'],
  [172_800, '2d'],
  [90, '90s'],
  [3601, '61m'],
])('%d seconds are written %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
