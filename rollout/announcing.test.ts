import { describe, expect, test } from 'vitest';
import type { Announced } from '../plans/announcement.ts';
import { announcementTurn } from './announcing.ts';
import { viewOf } from './view.ts';
import { planOf, World } from './world.fixture.ts';

/** A Monday. */
const NOON = Date.UTC(2026, 2, 2, 12);
const HOUR = 3_600_000;

const notify = [
  { channel: 'users', events: ['upcoming'], before: '2h' },
  { channel: 'chat', events: ['upcoming'] },
];
const stages = (bake: string) => [
  { name: 'internal', audience: { segments: ['employees'] }, bake },
  { name: '25%', percent: 25, bake: '1h' },
  { name: 'decommission', decommission: { cleanFor: '1d' }, bake: '1h' },
];

class Announced25 {
  readonly world: World;
  announced: Announced | null = null;

  constructor(more: object = {}) {
    this.world = new World(planOf({ approvals: {}, notify, stages: stages('4h'), ...more }));
    this.world.now = NOON;
    this.world.event({ kind: 'begin' });
    this.world.event({ kind: 'peers', older: [] });
  }

  started(): this {
    this.world.settle();
    return this;
  }

  /** What is said when somebody looks so many hours after noon. */
  at(hours: number): string[] {
    const now = NOON + hours * HOUR;
    this.world.now = now;
    const { plan } = this.world.state;
    const known = { plan, view: viewOf(this.world.state, now), assessment: null, sample: null, now };
    const turn = announcementTurn(known, this.announced);
    this.announced = turn.announced;
    return turn.notifications.map(({ channel, title, upcoming }) => {
      const when = upcoming?.at == null ? 'nobody knows' : (upcoming.at - NOON) / HOUR;
      return `${channel}: ${title.split(':')[0]} ${upcoming?.stage} ${when}`;
    });
  }
}

describe('a stage', () => {
  test('is announced to each channel as long before as the plan asks, once', () => {
    const told = new Announced25().started();
    expect(told.at(1.9)).toEqual([]);
    expect(told.at(2)).toEqual(['users: Soon 25% 4']);
    expect(told.at(2.1)).toEqual([]);
    expect(told.at(3.5)).toEqual(['chat: Soon 25% 4']);
    expect(told.at(3.9)).toEqual([]);
    // A little late it is no news.
    expect(told.at(4.2)).toEqual([]);
  });

  test('that is the first one is announced by the start and the windows of the plan', () => {
    const start = new Announced25({ start: { at: '2026-03-02T20:00:00Z' } });
    expect(start.at(5.9)).toEqual([]);
    expect(start.at(6)).toEqual(['users: Soon internal 8']);
    const windows = new Announced25({
      windows: { allow: ['Mon-Thu 09:00-16:00'], timezone: 'UTC' },
    }).started();
    expect(windows.at(3)).toEqual([]);
    expect(windows.at(19.5)).toEqual(['users: Soon 25% 21']);
  });

  test('that is put off by more than that is announced anew, and by less it is not', () => {
    const told = new Announced25().started();
    told.at(3.5);
    told.world.state = { ...told.world.state, plan: planOf({ approvals: {}, notify, stages: stages('5h') }) };
    expect(told.at(3.6)).toEqual(['chat: At another time 25% 5']);
    told.world.state = {
      ...told.world.state,
      plan: planOf({ approvals: {}, notify, stages: stages('10h') }),
    };
    expect(told.at(3.7)).toEqual(['users: At another time 25% 10', 'chat: At another time 25% 10']);
    expect(told.at(3.8)).toEqual([]);
  });

  test('that does not open when it was to is put off, and announced again once its time is known', () => {
    const told = new Announced25().started();
    expect(told.at(2)).toEqual(['users: Soon 25% 4']);
    told.world.person('pause');
    expect(told.at(3)).toEqual([]);
    expect(told.at(4.1)).toEqual(['users: Put off 25% nobody knows']);
    expect(told.at(4.2)).toEqual([]);
    told.world.person('resume');
    told.world.settle();
    told.world.state = { ...told.world.state, plan: planOf({ approvals: {}, notify, stages: stages('6h') }) };
    expect(told.at(5.6)).toEqual(['users: Soon 25% 6', 'chat: Soon 25% 6']);
  });

  test('that will not come any more is taken back at once; one that has opened is not', () => {
    const told = new Announced25().started();
    told.at(3.5);
    told.world.person('rollback');
    expect(told.at(3.6)).toEqual(['users: Put off 25% nobody knows', 'chat: Put off 25% nobody knows']);
    expect(told.announced).toBeNull();
    told.world.settle();
    expect(told.at(3.7)).toEqual([]);
    const opened = new Announced25({
      stages: [{ name: '25%', percent: 25, bake: '1h' }],
      start: { at: '2026-03-02T13:00:00Z' },
    });
    expect(opened.at(0.5)).toHaveLength(2);
    opened.world.now = NOON + HOUR;
    opened.world.tick();
    opened.world.settle();
    expect(opened.world.state.stage).toBe(0);
    opened.world.person('rollback');
    opened.world.settle();
    expect(opened.at(1.1)).toEqual([]);
  });

  test('whose exposure is that of the one before, or that waits for people alone, has no time to announce', () => {
    const approved = new Announced25({ approvals: { start: { roles: ['lead'] } } });
    expect(approved.at(0)).toEqual([]);
    expect(approved.at(1)).toEqual([]);
    const last = new Announced25({
      stages: [{ name: '25%', percent: 25, bake: '1h' }, ...stages('1h').slice(2)],
    }).started();
    expect(last.at(0.9)).toEqual([]);
  });
});
