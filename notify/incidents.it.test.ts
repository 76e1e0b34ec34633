import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Notification } from '../plans/journal.ts';
import { createChannelMemory } from '../store/channel-memory.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { createIncidents } from '../store/incidents.ts';
import { migrate } from '../store/migrate.ts';
import { createOutbox } from '../store/outbox.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import type { RolloutStore } from '../store/store.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { rememberingLog } from '../test/fixtures/message.ts';
import { type PagerDutyDouble, ROUTING_KEY, startPagerDuty } from '../test/fixtures/pagerduty-double.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, type SlackDouble, startSlack } from '../test/fixtures/slack-double.ts';
import {
  PAGE,
  STATUSPAGE_KEY,
  type StatuspageDouble,
  startStatuspage,
} from '../test/fixtures/statuspage-double.ts';
import { startTold, stopHard, type ToldRollout } from '../test/fixtures/told-rollout.ts';
import { createChannels } from './channels.ts';
import { ChannelConfig } from './config.ts';
import { type Dispatcher, startDispatcher } from './dispatcher.ts';
import { tellIncidents } from './incident-sender.ts';

const NOON = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const PATIENT = { timeout: 30_000 };
const ALL = ['incident', 'incident-update', 'incident-summary', 'incident-review'];

let server: TestDatabase;
let database: Database;
let store: RolloutStore;
let slack: SlackDouble;
let pager: PagerDutyDouble;
let page: StatuspageDouble;
let dispatcher: Dispatcher | undefined;
const log = rememberingLog();

beforeEach(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  store = createRolloutStore(database);
  [slack, pager, page] = [await startSlack(), await startPagerDuty(), await startStatuspage()];
});

afterEach(async () => {
  await dispatcher?.stop();
  dispatcher = undefined;
  await database.close();
  await Promise.all([slack.close(), pager.close(), page.close(), server.drop()]);
});

/** One look, as a worker does it. */
async function look(minutes: number): Promise<void> {
  await tellIncidents({
    incidents: createIncidents(database),
    texts: async () => ({ summary: ['Users: 12 were hit'], review: ['# Review', '', '- *12* users'] }),
    kick: () => dispatcher?.kick(),
    log,
    now: () => NOON + minutes * MINUTE,
  });
}

async function stopped(notify: object[]): Promise<ToldRollout> {
  const told = await startTold(store, { more: { notify }, at: NOON - 60 * MINUTE });
  told.world.now = NOON;
  stopHard(told);
  await told.record();
  return told;
}

async function back(told: ToldRollout): Promise<void> {
  told.world.settle();
  await told.record();
}

const written = async (id: string): Promise<Notification[]> =>
  (await createOutbox(database).of(id)).map(({ notification }) => notification);
const events = async (id: string, channel = 'chat') =>
  (await written(id)).filter((one) => one.channel === channel).map(({ event }) => event);

describe('after an incident', () => {
  test('people hear every 15 minutes how it stands, once for each time, whoever looks and however late', async () => {
    const told = await stopped([{ channel: 'chat', events: ALL }]);
    await look(14);
    expect(await events(told.id)).toEqual(['incident']);
    await Promise.all([look(15), look(15), look(15)]);
    await look(16);
    expect(await events(told.id)).toEqual(['incident', 'incident-update']);
    const [, update] = await written(told.id);
    expect(update?.summary).toBe('The flag is not back yet, 15 min after it began.');
    expect(update?.standing?.lines).toContain(
      'Who acts: nobody has done anything yet; payments is the team to ask',
    );
    expect(update?.standing?.next).toBe(NOON + 30 * MINUTE);
    // Nobody has taken the first one: it says nothing any more beside the second.
    await look(59);
    expect(await events(told.id)).toEqual(['incident', 'incident-update']);
    expect((await written(told.id))[1]?.summary).toContain('59 min after it began');
  });

  test('a time of the plan is the time between two updates', async () => {
    const told = await stopped([{ channel: 'chat', events: ['incident-update'], every: '5m' }]);
    dispatch();
    await look(5);
    await look(11);
    await vi.waitFor(() => expect(slack.messages).toHaveLength(2), PATIENT);
    expect(await events(told.id)).toEqual(['incident-update', 'incident-update']);
  });

  test('a rollback that is verified ends it: the journal says so, a summary and a draft follow', async () => {
    const told = await stopped([{ channel: 'chat', events: ALL }]);
    await back(told);
    await look(2);
    expect(await events(told.id)).toEqual(['incident']);
    await told.verify('back');
    await look(3);
    await look(4);
    await look(300);
    expect(await events(told.id)).toEqual([
      'incident',
      'incident-closed',
      'incident-summary',
      'incident-review',
    ]);
    const journal = await store.journal(told.id);
    expect(journal.at(-1)).toMatchObject({ transition: 'incident-closed', cause: { kind: 'policy' } });
    const [, , summary, review] = await written(told.id);
    expect(summary?.standing).toMatchObject({ state: 'over', next: null });
    expect(summary?.standing?.lines).toContain('Users: 12 were hit');
    expect(review?.review).toEqual(['# Review', '', '- *12* users']);
  });

  test('one that cannot be verified goes on, with its summary after an hour', async () => {
    const told = await stopped([{ channel: 'chat', events: ALL }]);
    await back(told);
    await told.verify('not-back');
    dispatch();
    for (const minutes of [15, 30, 45, 60, 75]) {
      await look(minutes);
      await vi.waitFor(async () => {
        const states = (await createOutbox(database).of(told.id)).map(({ state }) => state);
        expect(states).not.toContain('waiting');
      }, PATIENT);
    }
    expect((await events(told.id)).slice(1)).toEqual([
      'incident-update',
      'incident-update',
      'incident-update',
      'incident-summary',
      'incident-update',
      'incident-update',
    ]);
    expect((await written(told.id)).at(-1)?.summary).toContain('the traffic is not seen to be');
  });

  test('a lock on the flag keeps it open until somebody unlocks it', async () => {
    const told = await stopped([{ channel: 'chat', events: ALL }]);
    const flags = createFlagStore(database);
    const target = { environment: 'production', key: 'pricing' };
    const shape = { variants: { on: true, off: false }, baseline: 'off', canary: 'on', stickiness: 'id' };
    await flags.claim(target, shape, told.id);
    await flags.kill(target, null, { by: 'kim', reason: 'to be sure', at: new Date(NOON).toISOString() });
    await back(told);
    await told.verify('back');
    await look(15);
    const update = (await written(told.id)).at(-1);
    expect(update).toMatchObject({ event: 'incident-update', standing: { state: 'latched' } });
    expect(update?.standing?.lines.join('\n')).toContain('Locked by: kim, to be sure');
    await flags.unlock(target, 'kim', 'mended');
    await look(16);
    expect(await events(told.id)).toContain('incident-closed');
  });

  test('is kept only where the plan has somebody informed', async () => {
    const told = await stopped([{ channel: 'chat', events: ['rolled-back'] }]);
    await back(told);
    await told.verify('back');
    await look(20);
    expect(await createIncidents(database).of(told.id)).toBeNull();
    expect((await store.journal(told.id)).at(-1)?.transition).toBe('rollback-verified');
  });
});

/** The channels of a configuration, against receivers that refuse what their APIs do not publish. */
function dispatch(): void {
  const channels = createChannels(
    {
      chat: ChannelConfig.parse({
        kind: 'slack',
        url: `${slack.url}/api/`,
        token: SLACK_TOKEN,
        channel: SLACK_CHANNEL,
      }),
      duty: ChannelConfig.parse({ kind: 'pagerduty', url: pager.url, routingKey: ROUTING_KEY }),
      public: ChannelConfig.parse({
        kind: 'statuspage',
        url: page.url,
        token: STATUSPAGE_KEY,
        page: PAGE,
        components: ['8kbf7d35c070'],
      }),
    },
    { stream: new PassThrough(), log, memory: createChannelMemory(database) },
  );
  const outbox = createOutbox(database);
  dispatcher = startDispatcher({
    outbox,
    channels,
    log,
    timing: { poll: 30, firstRetry: 20, lastRetry: 60 },
  });
}

test('Slack has it in one thread, PagerDuty no second incident, Statuspage one incident to its end', async () => {
  const notify = ['chat', 'duty', 'public'].map((channel) => ({ channel, events: ALL }));
  const told = await stopped(notify);
  dispatch();
  const arrived = () =>
    vi.waitFor(async () => {
      const states = (await createOutbox(database).of(told.id)).map(({ state }) => state);
      expect(states).not.toContain('waiting');
    }, PATIENT);
  await arrived();
  // Somebody resolves it by hand; what follows is told all the same.
  const incident = pager.incidents.get(`tidegate/${told.id}`);
  expect(incident).toMatchObject({ state: 'triggered', opened: 1 });
  if (incident !== undefined) incident.state = 'resolved';
  await look(15);
  await arrived();
  await back(told);
  await look(30);
  await arrived();
  expect(page.components['8kbf7d35c070']).toBe('degraded_performance');
  await told.verify('back');
  await look(31);
  await look(32);
  await arrived();
  expect(incident).toMatchObject({ state: 'resolved', opened: 1 });
  expect(pager.changes).toHaveLength(4);
  expect(page.incidents).toHaveLength(1);
  expect(page.incidents[0]?.updates.map(({ status }) => status)).toEqual([
    'investigating',
    'investigating',
    'investigating',
    'resolved',
  ]);
  expect(page.incidents[0]?.updates[1]?.body).toContain('still working on it');
  expect(page.components['8kbf7d35c070']).toBe('operational');
  const [first, ...replies] = slack.messages;
  expect(first?.thread_ts).toBeUndefined();
  expect(replies.map(({ thread_ts }) => thread_ts)).toEqual(replies.map(() => first?.ts));
  expect(replies).toHaveLength(5);
});
