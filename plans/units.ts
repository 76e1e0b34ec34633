import { z } from 'zod';

/** One second-based unit for every duration inside the program; the text form is only for people. */
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

const DURATION = /^(?:\d+(?:\.\d+)?[smhd])+$/;
const PART = /(\d+(?:\.\d+)?)([smhd])/g;

/** Beyond this a timer would outlive every rollout, and the clocks that hold it. */
const LONGEST = 3650 * SECONDS.d;

/** `30s`, `15m`, `24h`, `7d`, `1h30m` → seconds. */
export const Duration = z
  .string()
  .regex(DURATION, 'expected a duration such as 30s, 15m, 24h or 7d')
  .transform((text, context) => {
    let seconds = 0;
    for (const [, amount, unit] of text.matchAll(PART)) {
      seconds += Number(amount) * SECONDS[unit as keyof typeof SECONDS];
    }
    if (seconds <= LONGEST) return seconds;
    context.addIssue({ code: 'custom', message: 'it is longer than ten years' });
    return z.NEVER;
  })
  .meta({ title: 'duration', examples: ['30s', '15m', '24h', '7d'] });

/** Seconds as a plan writes them, never less than they are: 5400 → `90m`. */
export function durationText(seconds: number): string {
  const whole = seconds < 120 ? Math.ceil(seconds) : 60 * Math.ceil(seconds / 60);
  const unit = (['d', 'h', 'm'] as const).find((one) => whole > 0 && whole % SECONDS[one] === 0) ?? 's';
  return `${whole / SECONDS[unit]}${unit}`;
}

/** `5%` → 0.05. */
export const Percentage = z
  .string()
  .regex(/^\d+(?:\.\d+)?%$/, 'expected a percentage such as 5%')
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .meta({ title: 'percentage', examples: ['1%', '0.5%'] });

/**
 * How much worse the canary may be. `absolute` is a rate difference (0.001 = 0.1 pp), `relative` a share of
 * the baseline's own value (0.2 = 20 %). Where both are set the smaller one holds.
 */
export interface Margin {
  direction: 'increase' | 'decrease';
  absolute: number | null;
  relative: number | null;
  /** `absolute` is in the metric's own unit, and no rate. */
  plain?: true;
}

const DIFFERENCE = /^([+-])(\d+(?:\.\d+)?)(pp|%)$/;
const SMALLER = /^min\(\s*([+-]\d+(?:\.\d+)?pp)\s*,\s*([+-]\d+(?:\.\d+)?%)\s*\)$/;

function difference(text: string): Margin | undefined {
  const match = DIFFERENCE.exec(text);
  if (match === null) return undefined;
  const size = Number(match[2]) / 100;
  const direction = match[1] === '+' ? 'increase' : 'decrease';
  return match[3] === 'pp'
    ? { direction, absolute: size, relative: null }
    : { direction, absolute: null, relative: size };
}

/** A margin as a plan writes it: `+0.1pp`, `min(+0.1pp, +50%)`. */
export function marginText({ direction, absolute, relative, plain }: Margin): string {
  const sign = direction === 'increase' ? '+' : '-';
  const of = (value: number, unit: string) => `${sign}${Number((value * 100).toPrecision(10))}${unit}`;
  const size = absolute === null ? null : plain === true ? `${sign}${absolute}` : of(absolute, 'pp');
  if (size !== null && relative !== null) return `min(${size}, ${of(relative, '%')})`;
  return size ?? of(relative ?? 0, '%');
}

/** `+0.5pp`, `-1pp`, `+20%`, `min(+0.1pp, +50%)`. */
export const Difference = z
  .string()
  .regex(
    /^(?:[+-]\d+(?:\.\d+)?(?:pp|%)|min\(\s*[+-]\d+(?:\.\d+)?pp\s*,\s*[+-]\d+(?:\.\d+)?%\s*\))$/,
    'expected a difference such as +0.5pp, -1pp, +20% or min(+0.1pp, +50%)',
  )
  .transform((text, context): Margin => {
    const both = SMALLER.exec(text);
    const parsed = both === null ? difference(text) : smaller(both[1] ?? '', both[2] ?? '');
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'both parts of min(...) need the same sign' });
    return z.NEVER;
  })
  .meta({ title: 'difference', examples: ['+0.5pp', '-1pp', '+20%', 'min(+0.1pp, +50%)'] });

function smaller(points: string, share: string): Margin | undefined {
  return smallerOf(difference(points), difference(share));
}

function smallerOf(absolute: Margin | undefined, relative: Margin | undefined): Margin | undefined {
  if (absolute === undefined || relative === undefined) return undefined;
  if (absolute.direction !== relative.direction) return undefined;
  return { ...absolute, relative: relative.relative };
}

const PLAIN = /^([+-])(\d+(?:\.\d+)?)$/;
const PLAIN_SMALLER = /^min\(\s*([+-]\d+(?:\.\d+)?)\s*,\s*([+-]\d+(?:\.\d+)?%)\s*\)$/;

function plain(text: string): Margin | undefined {
  const match = PLAIN.exec(text);
  if (match === null) return undefined;
  const direction = match[1] === '+' ? 'increase' : 'decrease';
  return { direction, absolute: Number(match[2]), relative: null, plain: true };
}

/** A difference in a metric's own unit or relative: `+0.2`, `-5`, `+20%`, `min(+0.2, +20%)`. YAML reads `+0.2` as a number. */
export const ValueDifference = z
  .union([
    z.number(),
    z
      .string()
      .regex(
        /^(?:[+-]\d+(?:\.\d+)?%?|min\(\s*[+-]\d+(?:\.\d+)?\s*,\s*[+-]\d+(?:\.\d+)?%\s*\))$/,
        'expected a difference in the metric\u2019s unit or a share, such as +0.2, -5 or +20%',
      ),
  ])
  .transform((written, context): Margin => {
    if (typeof written === 'number') {
      const direction = written < 0 ? 'decrease' : 'increase';
      return { direction, absolute: Math.abs(written), relative: null, plain: true };
    }
    const both = PLAIN_SMALLER.exec(written);
    const parsed =
      both === null
        ? (plain(written) ?? difference(written))
        : smallerOf(plain(both[1] ?? ''), difference(both[2] ?? ''));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'both parts of min(...) need the same sign' });
    return z.NEVER;
  })
  .meta({
    title: 'difference in the metric\u2019s unit',
    examples: ['+0.2', '-5', '+20%', 'min(+0.2, +20%)'],
  });

/** `0.5pp` → 0.005. */
export const Points = z
  .string()
  .regex(/^\d+(?:\.\d+)?pp$/, 'expected percentage points such as 0.5pp')
  .transform((text) => Number(text.slice(0, -2)) / 100)
  .meta({ title: 'number of percentage points', examples: ['0.5pp'] });

/** A fixed limit: a plain value (a rate for ratios, seconds for latency) or a multiple of the baseline. */
export type Threshold = { kind: 'value'; value: number } | { kind: 'times-baseline'; factor: number };

/** `5%`, `0.8`, `0`, `2x baseline`. */
export const Above = z
  .union([
    z.number().min(0),
    z.string().regex(/^(?:\d+(?:\.\d+)?%?|\d+(?:\.\d+)?x baseline|\d+(?:\.\d+)?(?:ms|s))$/),
  ])
  .transform((limit): Threshold => {
    if (typeof limit === 'number') return { kind: 'value', value: limit };
    const amount = Number.parseFloat(limit);
    if (limit.endsWith('x baseline')) return { kind: 'times-baseline', factor: amount };
    if (limit.endsWith('%')) return { kind: 'value', value: amount / 100 };
    if (limit.endsWith('ms')) return { kind: 'value', value: amount / 1000 };
    return { kind: 'value', value: amount };
  })
  .meta({ title: 'limit', examples: ['5%', 0, '2x baseline', '800ms', '1.5s'] });
