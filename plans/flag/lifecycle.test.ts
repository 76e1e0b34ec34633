import { expect, it } from 'vitest';
import { NO_EXPOSURE } from '../exposure.ts';
import { lifecycleAfter } from './lifecycle.ts';

const flag = { exposure: NO_EXPOSURE, rolloutId: null, decommissioned: null };
const at = (percent: number) => ({ ...flag, exposure: { ...NO_EXPOSURE, percent } });

it('follows from whom the rollout leaves the flag with', () => {
  expect(lifecycleAfter(flag)).toBe('Proposed');
  expect(lifecycleAfter({ ...flag, rolloutId: 'r-1' })).toBe('Active');
  for (const rolloutId of [null, 'r-1']) {
    expect(lifecycleAfter({ ...at(5), rolloutId })).toBe('Ramping');
    expect(lifecycleAfter({ ...at(100), rolloutId })).toBe('Stable');
  }
  expect(lifecycleAfter({ ...at(100), decommissioned: { rolloutId: 'r-1' } })).toBe('Retired');
});
