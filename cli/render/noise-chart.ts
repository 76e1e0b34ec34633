import type { NoiseCurve } from '../../analysis/noise-curve.ts';
import { type Ink, padStart } from './ink.ts';

const ROWS = 8;
const CELL = 5;
const AXIS = 7;

/**
 * A curve of noise as a small chart: block lengths in polls to the right, the coefficient of variation in percent
 * upwards; a dot is measured, a dash the plan's assumption.
 */
export function noiseChart({ polls, measured, assumed }: NoiseCurve, ink: Ink): string[] {
  if (polls.length === 0) return [];
  const top = niceAbove(Math.max(...measured, ...assumed) * 100);
  const rowOf = (value: number | undefined) => Math.round((((value ?? 0) * 100) / top) * ROWS);
  const rows: string[] = [];
  for (let row = ROWS; row >= 0; row--) {
    const label = row === ROWS || row === 0 || row === ROWS / 2;
    const axis = label ? `${padStart(percent((top * row) / ROWS), AXIS - 2)} ┤` : `${' '.repeat(AXIS - 2)} │`;
    const cells = polls.map((_, k) => {
      const dot = rowOf(measured[k]) === row;
      const dash = rowOf(assumed[k]) === row;
      const above = (measured[k] ?? 0) > (assumed[k] ?? 0);
      const line = dash ? ink('dim', '─') : ' ';
      const mark = dot ? ink(above ? 'warn' : 'good', '●') : line;
      return `${line}${line}${mark}${line}${line}`;
    });
    rows.push(`${ink('dim', axis)}${cells.join('')}`.trimEnd());
  }
  const scale = polls.map((n) =>
    padStart(String(n), Math.ceil(CELL / 2) + String(n).length / 2).padEnd(CELL),
  );
  return [...rows, ink('dim', `${' '.repeat(AXIS)}${scale.join('').trimEnd()} polls`)];
}

function percent(value: number): string {
  return `${Math.round(value)} %`;
}

/** The top of the axis: 10, 20, 50, 100 ... */
function niceAbove(value: number): number {
  for (let size = 10; ; size *= 10)
    for (const step of [1, 2, 3, 5]) if (step * size >= value) return step * size;
}
