import { expect, it } from 'vitest';
import { missed, missedBy, missedMemory, missedRate } from './targets.ts';

it('a target is missed at its limit, without a figure, and by failures', () => {
  expect(missed('change', { p99: 249.9, failed: 0 })).toBeNull();
  expect(missed('kill', { p99: 250, failed: 0 })).toBe(
    'kill: p99 is 250.0 ms, and less than 250 ms is wanted',
  );
  expect(missed('bulk', { p99: 21, failed: 0 })).toContain('20 ms is wanted');
  expect(missed('bulk', { p99: Number.NaN, failed: 0 })).not.toBeNull();
  expect(missed('bulk', { p99: 1, failed: 3 })).toBe('bulk: 3 failed');
});

it('an evaluation may take five microseconds over flagd’s own provider, and one that was not measured meets nothing', () => {
  expect(missedBy('ours', 5)).toBeNull();
  expect(missedBy('ours', -1)).toBeNull();
  expect(missedBy('ours', 5.1)).toContain('5.1 us');
  expect(missedBy('ours', Number.NaN)).not.toBeNull();
});

it('memory that grows by more than a tenth, and writes that fell behind, are told', () => {
  expect(missedMemory({ before: 36, after: 44 })).toBeNull();
  expect(missedMemory({ before: 36, after: 45 })).toContain('36 MB of heap became 45 MB');
  expect(missedMemory({ before: 36, after: Number.NaN })).not.toBeNull();
  expect(missedRate({ wanted: 100, got: 95 })).toBeNull();
  expect(missedRate({ wanted: 100, got: 60 })).toContain('60 a second');
});
