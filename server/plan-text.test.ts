import { expect, it } from 'vitest';
import { parsePlan } from '../plans/parse.ts';
import { requirementsOf, sightOf } from '../plans/requires.ts';
import { besideRequired, circleFinding } from '../plans/review/required.ts';
import { checkedPlan } from './plan-text.ts';

/** Three stages of waves stand between the first and the last in the text. */
const text = `metadata: { name: billing }
flag: { key: billing, tenant: tenant }
metrics:
  - { name: errors, kind: ratio, bad: e, total: n, soft: +1pp, hard: +2pp }
stages:
  - { name: own, audience: { segments: [staff] } }
  - name: enterprise
    waves: { of: [a, b, c, d, e, f], size: 2 }
    requires: [{ rollout: ledger, reached: 5% }]
    approval: { roles: [leads], escalate: { wait: 1m, channel: siren } }
  - name: late
    audience: { segments: [nobody-knows] }
    requires: [{ rollout: ledger, reached: 25% }]
  - { name: all, percent: 100 }
`;

const line = (wanted: string) => text.split('\n').findIndex((one) => one.includes(wanted)) + 1;

it('what a stage behind waves names wrongly is found in its own line, and once where it is the waves', () => {
  const known = { sources: ['default'], channels: ['ops'], segments: ['staff'] };
  const { findings } = checkedPlan({ known }, { text, file: 'p.yaml' });
  const errors = findings.filter(({ severity }) => severity === 'error');
  expect(errors.map((one) => [one.line, one.path, one.message])).toEqual([
    [line('siren'), 'stages[1].approval.escalate.channel', '"siren" is not in `channels` of tidegate.yaml'],
    [
      line('nobody-knows'),
      'stages[2].audience.segments',
      '"nobody-knows" is not in `segments` of tidegate.yaml',
    ],
  ]);
});

it('a circle and a requirement without an end are found where they are written', () => {
  const parsed = parsePlan(text, 'p.yaml');
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  const { plan, written } = parsed;
  const last = requirementsOf(plan).find(({ at }) => plan.stages[at]?.name === 'late');
  if (last === undefined) throw new Error('no requirement');
  const circle = circleFinding({ text, file: 'p.yaml' }, { requirement: last, text: 'each other', written });
  expect([circle.line, circle.path]).toEqual([line('25%'), 'stages[2].requires[0]']);
  const none = (one: typeof last) => ({ sight: sightOf(one, []), row: null });
  const open = parsed
    .with(besideRequired(plan, none))
    .warnings.filter(({ rule }) => rule === 'PLAN-REQUIRES-OPEN');
  expect(open.map((one) => [one.line, one.path])).toEqual([
    [line('reached: 5%'), 'stages[1].requires[0]'],
    [line('25%'), 'stages[2].requires[0]'],
  ]);
});
