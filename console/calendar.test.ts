import { describe, expect, it } from 'vitest';
import { nextOpening, openSpans } from '../plans/windows.ts';
import type { WindowsReply } from '../server/api/board.ts';
import type { BoardRow } from '../server/api/console-board.ts';
import { calendarsOf } from './page/calendar/groups.ts';
import { weeksOf } from './page/calendar/weeks.ts';

const DAY = 86_400_000;
// A Wednesday, 11:30 in Berlin.
const NOW = Date.parse('2026-11-25T10:30:00Z');
const windows = {
  timezone: 'Europe/Berlin',
  allow: ['Mon-Thu 09:00-16:00'],
  freezes: [{ from: '2026-11-30', to: '2026-12-01' }],
};

function reply(over: Partial<WindowsReply['rollouts'][number]>[] = [{}]): WindowsReply {
  const within = { from: NOW, to: NOW + 13 * DAY };
  return {
    ...within,
    freezes: [
      { ...windows.freezes[0], timezone: windows.timezone, rollouts: ['pricing-1', 'search-1'] },
    ] as never,
    rollouts: over.map((one) => ({
      id: 'pricing-1',
      flag: 'pricing',
      environment: 'production',
      timezone: windows.timezone,
      allow: windows.allow,
      open: true,
      opensAt: nextOpening(windows, NOW),
      openings: openSpans(windows, within),
      blockers: [],
      ...one,
    })),
  };
}
const row = (id: string, over: Partial<BoardRow> = {}) =>
  ({
    id,
    title: null,
    flag: id,
    environment: 'production',
    phase: 'active',
    endedAt: null,
    pause: null,
    blockers: [],
    ...over,
  }) as never as BoardRow;

const said = (timezone: string) => {
  const [rule] = calendarsOf(reply(), [])[0]?.rules ?? [];
  if (rule === undefined) throw new Error('no rule');
  return weeksOf(rule, { timezone, within: reply(), weeks: 2 }).map((week) =>
    week.map((day) =>
      day === null ? '' : `${day.date.slice(5)} ${day.state} ${day.spans.join(' ')}`.trim(),
    ),
  );
};

describe('the calendar', () => {
  it('has weeks from Monday on, with open hours and frozen days by the clock of the plan', () => {
    expect(said('Europe/Berlin')).toEqual([
      [
        '',
        '',
        '11-25 open now–16:00',
        '11-26 open 09:00–16:00',
        '11-27 closed',
        '11-28 closed',
        '11-29 closed',
      ],
      [
        '11-30 frozen',
        '12-01 frozen',
        '12-02 open 09:00–16:00',
        '12-03 open 09:00–16:00',
        '12-04 closed',
        '12-05 closed',
        '12-06 closed',
      ],
      // What is not known to its end is not shown.
      ['12-07 open 09:00–16:00', '', '', '', '', '', ''],
    ]);
  });

  it('has the days of the reader, whose freeze then begins within a day', () => {
    const [first, second] = said('America/New_York');
    expect(first?.[2]).toBe('11-25 open now–10:00');
    expect(first?.[6]).toBe('11-29 frozen 18:00–24:00');
    expect(second?.slice(0, 3)).toEqual([
      '11-30 frozen',
      '12-01 frozen 00:00–18:00',
      '12-02 open 03:00–10:00',
    ]);
  });

  it('puts those together whose plans say the same, and those without windows last', () => {
    const found = calendarsOf(
      reply([{}, { id: 'search-1' }, { id: 'cart-1', allow: [], environment: 'staging' }]),
      [
        row('pricing-1', { title: 'New prices' }),
        row('free-1', { phase: 'reverting' }),
        row('old-1', { endedAt: 1 }),
      ],
    );
    const names = found.map(({ environment, rules }) => [
      environment,
      ...rules.map(({ timezone, freezes, rollouts }) => [
        timezone,
        freezes.length,
        ...rollouts.map(({ title }) => title),
      ]),
    ]);
    expect(names).toEqual([
      ['production', ['Europe/Berlin', 1, 'New prices', 'search-1'], [null, 0, 'free-1']],
      ['staging', ['Europe/Berlin', 0, 'cart-1']],
    ]);
    const all = found.flatMap(({ rules }) => rules.flatMap(({ rollouts }) => rollouts));
    expect(all.map(({ id, reverting, closesAt }) => [id, reverting, closesAt])).toEqual([
      ['pricing-1', false, Date.parse('2026-11-25T15:00:00Z')],
      ['search-1', false, Date.parse('2026-11-25T15:00:00Z')],
      ['free-1', true, null],
      ['cart-1', false, Date.parse('2026-11-25T15:00:00Z')],
    ]);
  });
});
