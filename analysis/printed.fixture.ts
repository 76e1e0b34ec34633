import { expect } from 'vitest';

/** How near the numbers of the method are to be met, relative: those of sums and products, and those of a bisection. */
export const EXACT = 1e-9;
export const BISECTED = 1e-6;

/**
 * Expects a number as it is printed on the page of the method: to `relative`, where as many digits are printed, and never nearer than
 * half of the last one.
 */
export function expectPrinted(actual: number | null | undefined, printed: string, relative = EXACT): void {
  const value = Number(printed);
  const places = printed.split('.')[1]?.length ?? 0;
  const allowed = Math.max(relative * Math.abs(value), 0.5000001 * 10 ** -places);
  const error = Math.abs((actual ?? Number.NaN) - value);
  expect(error, `${actual} is not ${printed}`).toBeLessThanOrEqual(allowed);
}
