import { expect, it } from 'vitest';
import { missed } from './targets.ts';

it('a target is missed at its limit, without a figure, and by failures', () => {
  expect(missed('change', { p99: 249.9, failed: 0 })).toBeNull();
  expect(missed('kill', { p99: 250, failed: 0 })).toBe(
    'kill: p99 is 250.0 ms, and less than 250 ms is wanted',
  );
  expect(missed('bulk', { p99: 21, failed: 0 })).toContain('20 ms is wanted');
  expect(missed('bulk', { p99: Number.NaN, failed: 0 })).not.toBeNull();
  expect(missed('bulk', { p99: 1, failed: 3 })).toBe('bulk: 3 failed');
});
