import { hourOf } from '../plans/windows.ts';
import type { Cell } from './cells.ts';
import { cellOf, NO_COUNTS } from './cells.ts';

/** No label of a series: it has spaces. */
export const HOURS = 'hour of the day';

/**
 * The whole by the hours in which its windows began, as if they were values of a label: each has its own windows and nothing in
 * the others. Empty: all began in one hour.
 */
export function hourCells(
  { windows }: Cell,
  { times, timezone, poll }: { times: readonly number[]; timezone: string; poll: number },
): Cell[] {
  const begun = times.map((end) => hourOf(timezone, (end - poll) * 1000));
  const hours = [...new Set(begun)];
  if (hours.length < 2) return [];
  return hours.map((hour) =>
    cellOf(
      hour,
      windows.map((counts, i) => (begun[i] === hour ? counts : NO_COUNTS)),
      false,
    ),
  );
}
