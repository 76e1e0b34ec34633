/**
 * Running sums of one series of polls: score, variance and dispersion factor at the soft margin, the same at the
 * hard margin, the score at no margin, and the weight nH of the estimate. Of values (gauges, means) V is the weight
 * and Q the polls. A plain tuple keeps the state small.
 */
export type Totals = readonly [
  S: number, V: number, Q: number, hardS: number, hardV: number, hardQ: number, plainS: number, nH: number,
]; // biome-ignore format: one row

export const ZERO: Totals = [0, 0, 0, 0, 0, 0, 0, 0];

export function add(a: Totals, b: Totals): Totals {
  return [
    a[0] + b[0],
    a[1] + b[1],
    a[2] + b[2],
    a[3] + b[3],
    a[4] + b[4],
    a[5] + b[5],
    a[6] + b[6],
    a[7] + b[7],
  ];
}

export function subtract(a: Totals, b: Totals): Totals {
  return [
    a[0] - b[0],
    a[1] - b[1],
    a[2] - b[2],
    a[3] - b[3],
    a[4] - b[4],
    a[5] - b[5],
    a[6] - b[6],
    a[7] - b[7],
  ];
}
