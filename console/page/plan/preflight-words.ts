/** A number of requests or users, about: `12,300`, `3.4`. */
export function amount(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(2)));
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Seconds, about: `45 s`, `8 min`, `2.5 h`, `9 d`. */
export function span(seconds: number): string {
  if (seconds < 2 * MINUTE) return `${Math.round(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} min`;
  const [size, unit] = seconds < 2 * DAY ? [seconds / HOUR, 'h'] : [seconds / DAY, 'd'];
  return `${Number(size.toFixed(1))} ${unit}`;
}
