import { expect, it } from 'vitest';
import { NO_EXPOSURE } from '../exposure.ts';
import { lifecycleOf } from './lifecycle.ts';

const flag = { exposure: NO_EXPOSURE, live: false, rolloutId: null, decommissioned: null };
const at = (percent: number) => ({ ...flag, live: true, exposure: { ...NO_EXPOSURE, percent } });

it('follows from whom a flag reaches, whether a rollout or a hand brought it there', () => {
  expect(lifecycleOf(flag)).toBe('Proposed');
  expect(lifecycleOf({ ...flag, rolloutId: 'r-1' })).toBe('Active');
  expect(lifecycleOf({ ...flag, live: true })).toBe('Active');
  for (const rolloutId of [null, 'r-1']) {
    expect(lifecycleOf({ ...at(5), rolloutId })).toBe('Ramping');
    expect(lifecycleOf({ ...at(100), rolloutId })).toBe('Stable');
  }
  expect(lifecycleOf({ ...at(100), decommissioned: { rolloutId: 'r-1' } })).toBe('Retired');
});
