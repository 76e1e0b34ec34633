import { expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import { overdue } from './report.ts';
import { assessment, planOf } from './world.fixture.ts';

type Holding = Assessment['holding'];

const HOUR = 3600;
/** A stage that bakes an hour, and so is given two. */
const plan = (more: object = {}) => planOf({ stages: [{ name: '5%', percent: 5, bake: '1h', ...more }] });
const held = (...holding: Holding) => assessment('hold', { holding });
const quiet = { kind: 'requests', have: 40, need: 500 } as Holding[number];
const proof = { kind: 'proof' } as Holding[number];
const split = { kind: 'split' } as Holding[number];
const unread = {
  kind: 'data',
  rejections: [{ kind: 'missing', metric: 'errors' }],
} as unknown as Holding[number];
const wrong = { kind: 'data', rejections: [] } as unknown as Holding[number];

test.each([
  ['waits for traffic alone: a quiet night pages nobody', [quiet], {}, false],
  ['waits for traffic past the longest time that its plan names', [quiet], { max: '90m' }, true],
  ['is not proven safe', [quiet, proof], {}, true],
  ['has a split that contradicts the plan', [split], {}, true],
  ['could not read its data: the plan’s rule for that goes first', [unread], {}, false],
  ['had data that were wrong', [wrong], {}, true],
] as const)('a stage that %s, after twice its bake time', (_what, holding, more, expected) => {
  const seconds = 2 * HOUR;
  expect(overdue(plan(more), 0, held(...holding), seconds)).toBe(expected);
  if (!('max' in more)) expect(overdue(plan(more), 0, held(...holding), seconds - 1)).toBe(false);
});

test('a stage that passed or is stopped is not overdue, nor is a decommission', () => {
  for (const verdict of ['pass', 'soft', 'hard'] as const)
    expect(overdue(plan(), 0, assessment(verdict, { holding: [proof] }), 9 * HOUR)).toBe(false);
  const stages = [
    { name: '5%', percent: 5 },
    { name: 'decommission', decommission: {} },
  ];
  expect(overdue(planOf({ stages }), 1, held(proof), 1e9)).toBe(false);
});
