import type { Approval } from './approval.ts';
import type { Exposure } from './exposure.ts';
import type { Cause } from './journal.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** The same as the beginning of a sentence. */
export function capital(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
}

/** Seconds as people say them, in at most two units: `45 s`, `3 min 20 s`, `2 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  let rest = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(`${amount} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** Milliseconds since 1970 against `now`: `3 min 20 s ago`, `in 2 h`, `just now`. */
export function relative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 1) return 'just now';
  return seconds < 0 ? `${duration(-seconds)} ago` : `in ${duration(seconds)}`;
}

/** Milliseconds since 1970 as `2026-03-01 14:03:09`, UTC, so that two readers see the same time. */
export function clock(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** Who must agree: `one of lead, on-call`. */
export function askedText({ roles, quorum }: Pick<Approval, 'roles' | 'quorum'>): string {
  const wanted = quorum === 'any' ? 'one of' : quorum === 'all' ? 'each of' : `${quorum} people of`;
  return `${wanted} ${roles.join(', ')}`;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Milliseconds since 1970 as people plan with them: `Thu 2026-03-05 14:00 UTC`. */
export function moment(at: number): string {
  return `${WEEKDAYS[new Date(at).getUTCDay()] ?? ''} ${clock(at).slice(0, 16)} UTC`;
}

const LARGE = 10_000;
const SMALL = 1e-6;

/** A number with about `digits` significant places and no trailing zeros; what is next to nothing is not nothing: `3.7e-9`. */
function significant(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < SMALL) return String(Number(value.toPrecision(digits)));
  if (size >= LARGE) return inGroups(value);
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  const text = value.toFixed(places);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** 12500000 → `12,500,000`: bytes and the like. */
export function inGroups(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** 0.0049 → `0.49 %`. */
export function rate(value: number | null): string {
  return value === null ? '–' : `${significant(value * 100, 3)} %`;
}

/** 5 → `5 %`: for values that are percentages already. */
export function percent(value: number): string {
  return `${significant(value, 3)} %`;
}

/** 0.212 → `212 ms`, 1.24 → `1.24 s`. */
export function latency(seconds: number | null): string {
  if (seconds === null) return '–';
  return seconds < 1 ? `${significant(seconds * 1000, 3)} ms` : `${significant(seconds, 3)} s`;
}

/** 0.0003 → `+0.03 pp`, with its sign, which is what a reader looks for. */
export function points(value: number): string {
  const text = significant(Math.abs(value) * 100, 2);
  return text === '0' ? '0 pp' : `${value < 0 ? '-' : '+'}${text} pp`;
}

/** `+0.03 ±0.05 pp`. */
export function estimate(value: number, standardError: number): string {
  if (!(standardError > 0)) return points(value);
  return points(value).replace(' pp', ` ±${significant(standardError * 100, 1)} pp`);
}

/** A value in its own unit. */
export function plain(value: number | null): string {
  return value === null ? '–' : significant(value, 3);
}

/** A difference in its own unit: `+2.4`. */
export function signed(value: number): string {
  const text = significant(Math.abs(value), 2);
  return text === '0' ? '0' : `${value < 0 ? '-' : '+'}${text}`;
}

export function plainEstimate(value: number, standardError: number): string {
  return standardError > 0 ? `${signed(value)} ±${significant(standardError, 1)}` : signed(value);
}

const MOST_NAMES = 5;

/** Segments by their names; of tenants (`tenant=acme`) the first few, and how many they are. */
export function segmentList(segments: readonly string[], between = ', '): string {
  const listed = segments.filter((name) => name.includes('='));
  const more = listed.length - MOST_NAMES;
  if (more <= 1) return segments.join(between);
  const shown = listed.slice(0, MOST_NAMES);
  return [...segments.filter((name) => !name.includes('=')), ...shown, `${more} more`].join(between);
}

/** Who gets the canary. */
export function audience(exposure: Exposure): string {
  if (exposure.mode === 'shadow') return 'nobody, with the new path behind every request';
  if (exposure.mode === 'dark')
    return `nobody, with the new path behind the requests of ${percent(exposure.percent)}`;
  if (exposure.mode === 'aa')
    return `nobody, with ${percent(exposure.percent)} counted apart on the old path`;
  const parts: string[] = [];
  if (exposure.percent >= 100) parts.push('everyone');
  else if (exposure.percent > 0) parts.push(percent(exposure.percent));
  if (exposure.percent < 100 && exposure.segments.length > 0)
    parts.push(segmentList(exposure.segments, ' + '));
  if (parts.length === 0) return 'nobody';
  const { without: out = [] } = exposure;
  const who = `${parts.join(' + ')}${out.length === 0 ? '' : ` without ${segmentList(out)}`}`;
  return exposure.variant === null ? who : `${who}, on variant ${exposure.variant}`;
}

/** Who or what caused a transition: `ada: "too slow"`, `the gate: errors ...`. */
export function cause(from: Cause): string {
  switch (from.kind) {
    case 'person':
      return from.reason === null ? from.by : `${from.by}: ${from.reason}`;
    case 'gate':
      return `the gate: ${from.reason}`;
    case 'alert':
      return `alert ${from.name}${from.detail === '' ? '' : `: ${from.detail}`}${from.from === undefined ? '' : ` (told by ${from.from})`}`;
    case 'policy':
      return `the plan: ${from.reason}`;
    case 'flag':
      return `the flag: ${from.reason}`;
    default:
      return unreachable(from);
  }
}

function unreachable(value: never): never {
  throw new Error(`unexpected cause ${JSON.stringify(value)}`);
}

const PHASES: Record<string, string> = {
  submitted: 'submitted',
  active: 'active',
  reverting: 'going back',
  completed: 'completed',
  'rolled-back': 'rolled back',
  rejected: 'rejected',
  abandoned: 'abandoned',
  superseded: 'superseded',
};

export function phaseText(phase: string): string {
  return PHASES[phase] ?? phase;
}
