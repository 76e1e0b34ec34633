import { expect, it } from 'vitest';
import { stageLease } from './lease.ts';
import { Plan } from './plan.ts';

function plan(more: object) {
  return Plan.parse({
    metadata: { name: 'pricing' },
    flag: { key: 'pricing' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', weight: 1 }],
    stages: [
      { name: 'internal', audience: { segments: ['employees'] } },
      { name: '5%', percent: 5, lease: '2m' },
      { name: '100%', percent: 100 },
      { name: 'decommission', decommission: {} },
    ],
    ...more,
  });
}

it('falls back to the stage before, whose gate has passed, and where nobody new is exposed to nothing', () => {
  const leased = plan({ lease: '10m' });
  expect([-1, 0, 1, 2, 3].map((index) => stageLease(leased, index))).toEqual([
    null,
    { seconds: 600, fallback: { percent: 0, segments: [], variant: null } },
    { seconds: 120, fallback: { percent: 0, segments: ['employees'], variant: null } },
    { seconds: 600, fallback: { percent: 5, segments: ['employees'], variant: null } },
    null,
  ]);
  expect([0, 1, 2].map((index) => stageLease(plan({}), index)?.seconds)).toEqual([undefined, 120, undefined]);
});

it('of a forward-only plan goes to the safe variant for all who could have had the canary', () => {
  const safe = plan({ lease: '10m', reversibility: 'forward-only', safeExposure: { variant: 'safe' } });
  expect(stageLease(safe, 2)?.fallback).toEqual({ percent: 100, segments: ['employees'], variant: 'safe' });
  const frozen = plan({ lease: '10m', reversibility: 'forward-only', safeExposure: 'frozen' });
  expect(stageLease(frozen, 2)).toBeNull();
});
