import { daysOf, type OpenSpan, type ZoneDay } from '../../../plans/windows.ts';
import type { Rule } from './groups.ts';
import { hourAt } from './times.ts';

const DAY = 86_400_000;

/** One day of the calendar: whether exposure may rise in it, and when. */
export interface DayCell {
  date: string;
  today: boolean;
  state: 'open' | 'closed' | 'frozen';
  /** Open hours, or frozen ones where the day is not frozen as a whole. */
  spans: string[];
}

/**
 * Weeks from Monday to Sunday, the present one first; null: a day that is past, or beyond what is known. `within`: the time that
 * the server has told about; its beginning is now.
 */
export function weeksOf(
  { openings, frozen }: Pick<Rule, 'openings' | 'frozen'>,
  { timezone, within, weeks }: { timezone: string; within: OpenSpan; weeks: number },
): (DayCell | null)[][] {
  const days = daysOf(timezone, within).filter(({ to }) => to <= within.to);
  const [today] = days;
  if (today === undefined) return [];
  // 2026-11-23 is a Monday: days are counted from one.
  const before = (Math.round(Date.parse(today.date) / DAY) + 3) % 7;
  const cells: (DayCell | null)[] = [
    ...Array.from({ length: before }, () => null),
    ...days.map((day) => cellOf(day, { openings, frozen, timezone, now: within.from })),
  ];
  // As many whole weeks as were asked for are seen, whatever day it is.
  const rows = weeks + Number(before > 0);
  return Array.from({ length: Math.min(rows, Math.ceil(cells.length / 7)) }, (_, week) =>
    Array.from({ length: 7 }, (_none, day) => cells[week * 7 + day] ?? null),
  );
}

function cellOf(
  day: ZoneDay,
  { openings, frozen, timezone, now }: Pick<Rule, 'openings' | 'frozen'> & { timezone: string; now: number },
): DayCell {
  const rest = { from: Math.max(day.from, now), to: day.to };
  const text = (span: OpenSpan) => {
    const whole = span.from <= day.from && span.to >= day.to;
    if (whole) return 'all day';
    const from = span.from <= now && now > day.from ? 'now' : hourAt(timezone, span.from);
    return `${from}–${span.to >= day.to ? '24:00' : hourAt(timezone, span.to)}`;
  };
  const open = inside(openings, rest);
  const closed = inside(frozen, rest);
  const found = { date: day.date, today: day.from <= now };
  if (open.length > 0) return { ...found, state: 'open', spans: open.map(text) };
  const all = closed.length === 1 && closed[0]?.from === rest.from && closed[0].to === rest.to;
  if (closed.length > 0) return { ...found, state: 'frozen', spans: all ? [] : closed.map(text) };
  return { ...found, state: 'closed', spans: [] };
}

function inside(spans: readonly OpenSpan[], { from, to }: OpenSpan): OpenSpan[] {
  return spans
    .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter((span) => span.from < span.to);
}
