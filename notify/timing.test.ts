import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBell } from './bell.ts';
import { retryDelay, TIMING } from './timing.ts';

test('a retry waits a second at first, five minutes at most, and never nothing', () => {
  expect(retryDelay(0, TIMING, 0)).toBe(1000);
  expect(retryDelay(3, TIMING, 0)).toBe(8000);
  fc.assert(
    fc.property(fc.nat({ max: 5000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempts, random) => {
      const delay = retryDelay(attempts, TIMING, random);
      expect(delay).toBeGreaterThanOrEqual(750);
      expect(delay).toBeLessThanOrEqual(300_000);
    }),
  );
});

test('a bell that rings before the sleep, or in it, ends it; otherwise the time does', async () => {
  const bell = createBell();
  bell.ring();
  await bell.sleep(60_000);
  const sleeping = bell.sleep(60_000);
  bell.ring();
  await sleeping;
  await createBell().sleep(1);
});
