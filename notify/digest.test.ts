import { describe, expect, test } from 'vitest';
import type { Notification } from '../plans/journal.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Digests } from '../store/digests.ts';
import type { RolloutRow } from '../store/store.ts';
import { rememberingLog } from '../test/fixtures/message.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import type { Attempt, Channel } from './channel.ts';
import { digestMessage, digestOf } from './digest.ts';
import { dueDigest } from './digest-clock.ts';
import { DigestConfig } from './digest-config.ts';
import { sendDue } from './digest-sender.ts';
import { createRenderer } from './renderer.ts';
import { FORMATS } from './template-data.ts';

const settings = (over: object = {}) =>
  DigestConfig.parse({ channel: 'chat', at: '09:00', timezone: 'Europe/Berlin', weekly: 'monday', ...over });
/** A Wednesday; Berlin is an hour ahead of UTC. */
const wednesday = (time: string) => Date.parse(`2026-11-18T${time}:00Z`);
const HOUR = 3_600_000;

describe('a digest is due', () => {
  test.each([
    ['before its time', wednesday('07:59'), null],
    ['at its time', wednesday('08:00'), 'daily-digest 2026-11-18'],
    ['some hours late', wednesday('12:00'), 'daily-digest 2026-11-18'],
    ['too late', wednesday('12:01'), null],
    ['on the day of the weekly one', Date.parse('2026-11-16T08:00:00Z'), 'weekly-digest 2026-11-16'],
    ['in summer, by the clock on the wall', Date.parse('2026-07-15T07:00:00Z'), 'daily-digest 2026-07-15'],
  ])('%s: %s', (_, now, key) => expect(dueDigest(settings(), now)?.key ?? null).toBe(key));

  test('not each day where only the weekly one is wanted', () => {
    expect(dueDigest(settings({ daily: false }), wednesday('08:00'))).toBeNull();
    expect(dueDigest(settings({ daily: false }), Date.parse('2026-11-16T08:00:00Z'))).not.toBeNull();
  });

  test('for all that ended since the one before was due, however late it comes itself', () => {
    expect(dueDigest(settings(), wednesday('10:30'))?.since).toBe(wednesday('08:00') - 24 * HOUR);
    const monday = Date.parse('2026-11-16T08:00:00Z');
    expect(dueDigest(settings(), monday)?.since).toBe(monday - 7 * 24 * HOUR);
  });
});

const now = wednesday('08:00');
const view = (id: string, over: Partial<RolloutView> = {}) => exampleView({ id, ...over });
const blockers: RolloutView['blockers'] = [
  { kind: 'approval', text: 'waits for approval by one of on-call', until: now + HOUR, roles: ['on-call'] },
];
const pause = { reason: 'errors <b>rose</b> {{ 7*7 }}', since: now, deadline: now + HOUR, then: 'step-back' };
const ended = { phase: 'completed', endedAt: now - HOUR } as const;
const VIEWS = [
  view('waits-1', { blockers }),
  view('paused-1', { pause, blockers }),
  view('goes-1'),
  view('done-1', ended),
  view('old-1', { ...ended, endedAt: now - 48 * HOUR }),
];
const due = dueDigest(settings(), now) ?? { key: '', kind: 'daily-digest', day: '', since: 0 };
const of = (views: RolloutView[]) => digestOf(views, { since: due.since, now });

describe('a digest says', () => {
  test('who waits for whom, what stands still, goes on and ended, each rollout once', () => {
    const { sections } = of(VIEWS);
    expect(sections.map(({ title, lines }) => [title, lines.map((line) => line.split(' ', 1)[0])])).toEqual([
      ['Waiting for people', ['waits-1']],
      ['Paused', ['paused-1']],
      ['Going on', ['goes-1']],
      ['Ended', ['done-1']],
    ]);
    expect(sections[0]?.lines[0]).toContain(
      'waits for approval by one of on-call, until 2026-11-18 09:00:00 UTC',
    );
    expect(sections[1]?.lines[0]).toContain('without an answer by 2026-11-18 09:00:00 UTC: step-back');
  });

  test.each(FORMATS)('all of it as %s, with what people wrote as text', (format) => {
    const log = rememberingLog();
    const message = digestMessage(of(VIEWS), { due, channel: 'chat', at: now });
    const text = createRenderer({ log }).render(message, format);
    expect(log.lines).toEqual([]);
    if (format === 'status') return;
    for (const id of ['waits', 'paused', 'goes', 'done']) expect(text).toMatch(new RegExp(`${id}\\\\?-1`));
    expect(text).not.toContain('49');
    if (format === 'html') expect(text).toContain('errors &lt;b&gt;rose&lt;/b&gt; {{ 7*7 }}');
    if (format !== 'text') expect(text).not.toContain('<b>');
    expect(text).not.toContain('flag all');
  });
});

/** Digests of several senders in one place, as PostgreSQL keeps them; a lease ends with `expire`. */
function shared() {
  const rows = new Map<string, { taken: number; leased: boolean; sent: boolean }>();
  const digests: Digests = {
    async take(key) {
      const row = rows.get(key) ?? { taken: 0, leased: false, sent: false };
      if (row.leased || row.sent) return null;
      rows.set(key, { ...row, taken: row.taken + 1, leased: true });
      return row.taken + 1;
    },
    async sent(key) {
      rows.set(key, { taken: 1, leased: false, sent: true });
    },
  };
  const expire = () => {
    for (const row of rows.values()) row.leased = false;
  };
  return { digests, expire };
}

function sender(views: RolloutView[], over: { at?: number; failing?: string[] } = {}) {
  const got: { message: Notification; attempt: Attempt | undefined }[] = [];
  const channel = (name: string, more: Partial<Channel> = {}): [string, Channel] => [
    name,
    {
      name,
      kind: 'memory',
      async send(message, attempt) {
        if (over.failing?.includes(name) === true) throw new Error('gone');
        got.push({ message, attempt });
      },
      preview: () => ({ text: '', html: null, payload: null }),
      check: async () => undefined,
      ...more,
    },
  ];
  const channels = new Map([channel('public', { takesReports: false }), channel('chat'), channel('log')]);
  const rollouts = { list: async () => views.map((one) => ({ id: one.id, view: one }) as RolloutRow) };
  const clock = { now: over.at ?? now };
  const { digests, expire } = shared();
  const config = settings();
  const parts = { config, channels, digests, rollouts, log: rememberingLog(), now: () => clock.now };
  return { got, clock, expire, look: () => sendDue(parts) };
}

describe('the sender', () => {
  test('sends one, however often and on however many machines it looks', async () => {
    const { got, look, clock } = sender(VIEWS);
    await Promise.all([look(), look(), look()]);
    clock.now += HOUR;
    await look();
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({
      message: { event: 'daily-digest', channel: 'chat' },
      attempt: { repeated: false },
    });
    clock.now += 23 * HOUR;
    await look();
    expect(got).toHaveLength(2);
    expect(new Set(got.map(({ message }) => message.rolloutId)).size).toBe(2);
  });

  test('is silent where there is nothing to say, but for the weekly one', async () => {
    const quiet = sender([]);
    await quiet.look();
    expect(quiet.got).toEqual([]);
    const weekly = sender([], { at: Date.parse('2026-11-16T08:00:00Z') });
    await weekly.look();
    expect(weekly.got.map(({ message }) => message.title)).toEqual([
      'Rollouts of the week to 2026-11-16: none',
    ]);
  });

  test('tries again when somebody died over it, and then sends it elsewhere, with what it was meant for', async () => {
    const { got, look, expire } = sender(VIEWS, { failing: ['chat'] });
    for (let attempt = 1; attempt <= 5; attempt++) {
      await expect(look()).rejects.toThrow('gone');
      await look();
      expire();
    }
    expect(got).toEqual([]);
    await look();
    expect(got).toMatchObject([
      { message: { channel: 'log', undelivered: 'chat' }, attempt: { repeated: true } },
    ]);
    expire();
    await look();
    expect(got).toHaveLength(1);
  });
});
