const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Times that people write into plans, in seconds. */
const WRITTEN = [
  ...[5, 10, 15, 20, 30, 45].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12, 24, 36, 48].map((hours) => hours * HOUR),
  ...[3, 4, 5, 7, 10, 14, 21, 28].map((days) => days * DAY),
];

/** The shortest time that people write and that is long enough, in seconds; null beyond four weeks. */
export function bakeTimeFor(seconds: number): number | null {
  return WRITTEN.find((time) => time >= seconds) ?? null;
}

/** As a plan writes it: `45m`, `24h`, `7d`. */
export function planDuration(seconds: number): string {
  if (seconds % DAY === 0 && seconds > 2 * DAY) return `${seconds / DAY}d`;
  if (seconds % HOUR === 0 && seconds > 0) return `${seconds / HOUR}h`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE}m` : `${seconds}s`;
}
