import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closedText,
  daysOf,
  nextOpening,
  openSpans,
  parseRange,
  timezoneKnown,
  type Windows,
} from './windows.ts';

const at = (iso: string) => Date.parse(iso);
const opens = (windows: Partial<Windows>, iso: string) => {
  const next = nextOpening({ timezone: 'UTC', allow: [], freezes: [], ...windows }, at(iso));
  return next === null ? 'now' : new Date(next).toISOString();
};
const berlin = { timezone: 'Europe/Berlin' };

describe('windows', () => {
  it('are open when a plan names none', () => {
    expect(nextOpening(undefined, 0)).toBeNull();
    expect(opens({}, '2026-05-03T10:00:00Z')).toBe('now');
  });

  it.each([
    // 2026-05-04 is a Monday; Berlin is two hours ahead of UTC.
    ['2026-05-04T07:00:00Z', 'now'],
    ['2026-05-04T06:59:59.999Z', '2026-05-04T07:00:00.000Z'],
    ['2026-05-04T13:59:59.999Z', 'now'],
    ['2026-05-04T14:00:00Z', '2026-05-05T07:00:00.000Z'],
    ['2026-05-07T14:00:00Z', '2026-05-11T07:00:00.000Z'],
  ])('Mon-Thu 09:00-16:00 in Berlin, asked at %s: %s', (now, answer) => {
    expect(opens({ ...berlin, allow: ['Mon-Thu 09:00-16:00'] }, now)).toBe(answer);
  });

  it('reach over midnight and over the end of the week', () => {
    const allow = ['Sat-Sun 22:00-02:00'];
    expect(opens({ allow }, '2026-05-04T01:59:00Z')).toBe('now');
    expect(opens({ allow }, '2026-05-04T02:00:00Z')).toBe('2026-05-09T22:00:00.000Z');
    expect(opens({ allow: ['Fri-Mon 10:00-11:00'] }, '2026-05-03T10:30:00Z')).toBe('now');
  });

  it('are closed on every day of a freeze, the last one included', () => {
    const freezes = [
      { from: '2026-12-20', to: '2027-01-02' },
      { from: '2027-01-03', to: '2027-01-03' },
    ];
    expect(opens({ ...berlin, freezes }, '2026-12-19T22:59:00Z')).toBe('now');
    expect(opens({ ...berlin, freezes }, '2026-12-19T23:00:00Z')).toBe('2027-01-03T23:00:00.000Z');
    expect(opens({ ...berlin, freezes, allow: ['Mon 09:00-10:00'] }, '2026-12-24T00:00:00Z')).toBe(
      '2027-01-04T08:00:00.000Z',
    );
  });

  it('say what closes them: a freeze, a holiday by its own day, or the hours', () => {
    const windows = {
      ...berlin,
      allow: ['Mon-Fri 09:00-16:00'],
      freezes: [{ from: '2026-12-20', to: '2027-01-02' }],
      holidays: ['2026-05-01'],
    };
    // In Berlin the day has begun.
    expect(closedText(windows, at('2026-12-19T23:00:00Z'))).toBe('in the freeze 2026-12-20 to 2027-01-02');
    expect(closedText(windows, at('2026-05-01T10:00:00Z'))).toBe('on the holiday 2026-05-01');
    expect(closedText(windows, at('2026-05-02T10:00:00Z'))).toBe('outside the windows of the plan');
  });

  it('in the hour that spring leaves out open with the jump, and one wholly inside it does not open that day', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    expect(opens({ ...berlin, allow: ['02:30-04:00'] }, '2026-03-29T00:10:00Z')).toBe(
      '2026-03-29T01:00:00.000Z',
    );
    expect(opens({ ...berlin, allow: ['02:15-02:45'] }, '2026-03-29T00:10:00Z')).toBe(
      '2026-03-30T00:15:00.000Z',
    );
    expect(opens({ ...berlin, allow: ['Sun 09:00-10:00'] }, '2026-03-28T12:00:00Z')).toBe(
      '2026-03-29T07:00:00.000Z',
    );
  });

  it('in the hour that autumn repeats open twice', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    const windows = { ...berlin, allow: ['02:00-02:30'] };
    expect(opens(windows, '2026-10-25T00:10:00Z')).toBe('now');
    expect(opens(windows, '2026-10-25T00:40:00Z')).toBe('2026-10-25T01:00:00.000Z');
    expect(opens(windows, '2026-10-25T01:40:00Z')).toBe('2026-10-26T01:00:00.000Z');
  });

  it('open at the first minute that is open, and not before', () => {
    const minute = 60_000;
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
    const day = fc.constantFrom('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun');
    const range = fc
      .tuple(day, day, time, time)
      .filter(([, , from, to]) => from !== to)
      .map(([first, last, from, to]) => `${first}-${last} ${from}-${to}`);
    const zone = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
    );
    const start = fc.integer({
      min: at('2026-03-25T00:00:00Z') / minute,
      max: at('2026-04-08T00:00:00Z') / minute,
    });
    fc.assert(
      fc.property(zone, fc.array(range, { minLength: 1, maxLength: 2 }), start, (timezone, allow, from) => {
        const windows = { timezone, allow, freezes: [] };
        const next = nextOpening(windows, from * minute);
        const end = next ?? from * minute;
        expect(nextOpening(windows, end)).toBeNull();
        // Every range is open for some minute in eight days, so a scan of a sample finds no earlier opening.
        for (let probe = from * minute; probe < end; probe += 17 * minute) {
          expect(nextOpening(windows, probe)).toBe(next);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a range', () => {
  it.each([
    ['Mon-Thu 09:00-16:00', [1, 2, 3, 4], 540, 960],
    ['mon, wed,FRI 9:00 - 24:00', [1, 3, 5], 540, 1440],
    ['Fri-Mon 00:00-24:00', [5, 6, 0, 1], 0, 1440],
    ['22:00-02:00', [0, 1, 2, 3, 4, 5, 6], 1320, 120],
  ])('%s is read', (text, days, from, to) => {
    expect(parseRange(text)).toEqual({ days: new Set(days), from, to });
  });

  it.each([
    'Mon',
    'Mo-Fr 09:00-10:00',
    'Mon-Xyz 09:00-10:00',
    '09:00-25:00',
    '09:60-10:00',
    '9-17',
    '09:00-09:00',
    'Mon-Tue-Wed 09:00-10:00',
  ])('%s is refused with a reason', (text) => {
    expect(parseRange(text)).toBeTypeOf('string');
  });
});

it('knows real time zones only', () => {
  expect(timezoneKnown('Europe/Berlin')).toBe(true);
  expect(timezoneKnown('Europe/Berlim')).toBe(false);
  expect(timezoneKnown('')).toBe(false);
});

describe('the spans in which windows are open', () => {
  const spans = (windows: Partial<Windows>, from: string, to: string) =>
    openSpans({ timezone: 'UTC', allow: [], freezes: [], ...windows }, { from: at(from), to: at(to) }).map(
      (span) => `${new Date(span.from).toISOString()} ${new Date(span.to).toISOString()}`,
    );

  it('are cut at the ends of the time that is asked for', () => {
    expect(openSpans(undefined, { from: 5, to: 9 })).toEqual([{ from: 5, to: 9 }]);
    expect(spans({ allow: ['Mon-Thu 09:00-16:00'] }, '2026-05-07T10:00:00Z', '2026-05-11T12:00:00Z')).toEqual(
      [
        '2026-05-07T10:00:00.000Z 2026-05-07T16:00:00.000Z',
        '2026-05-11T09:00:00.000Z 2026-05-11T12:00:00.000Z',
      ],
    );
  });

  it('end with a freeze, and ranges that touch are one', () => {
    const freezes = [{ from: '2026-05-06', to: '2026-05-06' }];
    expect(
      spans(
        { allow: ['08:00-12:00', '12:00-18:00'], freezes },
        '2026-05-05T00:00:00Z',
        '2026-05-08T00:00:00Z',
      ),
    ).toEqual([
      '2026-05-05T08:00:00.000Z 2026-05-05T18:00:00.000Z',
      '2026-05-07T08:00:00.000Z 2026-05-07T18:00:00.000Z',
    ]);
    expect(spans({ freezes }, '2026-05-05T00:00:00Z', '2026-05-08T00:00:00Z')).toEqual([
      '2026-05-05T00:00:00.000Z 2026-05-06T00:00:00.000Z',
      '2026-05-07T00:00:00.000Z 2026-05-08T00:00:00.000Z',
    ]);
  });

  it('agree with the next opening at every moment', () => {
    const windows: Windows = {
      timezone: 'Europe/Berlin',
      allow: ['Sat-Sun 22:00-02:30', 'Mon-Thu 09:00-16:00'],
      freezes: [{ from: '2026-10-27', to: '2026-10-28' }],
    };
    // The hour that comes twice is within.
    const from = at('2026-10-20T00:00:00Z');
    const found = openSpans(windows, { from, to: from + 20 * 86_400_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 * 86_400_000 - 1 }), (ahead) => {
        const moment = from + ahead;
        const inside = found.some((span) => span.from <= moment && moment < span.to);
        expect(inside).toBe(nextOpening(windows, moment) === null);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the days of a zone', () => {
  const days = (timezone: string, from: string, to: string) =>
    daysOf(timezone, { from: at(from), to: at(to) }).map(
      (day) => `${day.date} ${new Date(day.from).toISOString()} ${(day.to - day.from) / 3_600_000} h`,
    );

  it('are whole ones, also the first and the last', () => {
    expect(days('Asia/Tokyo', '2026-05-04T10:00:00Z', '2026-05-05T16:00:00Z')).toEqual([
      '2026-05-04 2026-05-03T15:00:00.000Z 24 h',
      '2026-05-05 2026-05-04T15:00:00.000Z 24 h',
      '2026-05-06 2026-05-05T15:00:00.000Z 24 h',
    ]);
  });

  it('have 23 or 25 hours where the clock is moved', () => {
    expect(days('Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-29T13:00:00Z')).toEqual([
      '2026-03-29 2026-03-28T23:00:00.000Z 23 h',
    ]);
    expect(days('Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-25T13:00:00Z')).toEqual([
      '2026-10-25 2026-10-24T22:00:00.000Z 25 h',
    ]);
    // In Beirut the clock jumps from midnight to one.
    expect(days('Asia/Beirut', '2026-03-29T12:00:00Z', '2026-03-29T13:00:00Z')).toEqual([
      '2026-03-29 2026-03-28T22:00:00.000Z 23 h',
    ]);
  });
});
