import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startPostgres } from '../app/embedded/postgres.ts';
import { createChannelMemory } from '../store/channel-memory.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { migrate } from '../store/migrate.ts';
import { createOutbox } from '../store/outbox.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import type { Outbox } from '../store/store.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { type Receiver, startReceiver } from '../test/fixtures/receiver.ts';
import { exampleView } from '../test/fixtures/rollout-view.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, startSlack } from '../test/fixtures/slack-double.ts';
import { type SmtpDouble, startSmtp } from '../test/fixtures/smtp.ts';
import { type Channel, Throttled } from './channel.ts';
import { createChannels } from './channels.ts';
import { EmailConfig, SlackConfig } from './config.ts';
import { type Dispatcher, startDispatcher } from './dispatcher.ts';
import type { Timing } from './timing.ts';

const FAST: Partial<Timing> = { poll: 30, firstRetry: 20, lastRetry: 60 };

let server: TestDatabase;
let database: Database;
let outbox: Outbox;
let pager: Receiver;
let slack: Receiver;
let log: ReturnType<typeof rememberingLog>;
const running: Dispatcher[] = [];

beforeEach(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  outbox = createOutbox(database);
  [pager, slack] = [await startReceiver(), await startReceiver()];
  log = rememberingLog();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((dispatcher) => dispatcher.stop()));
  await database.close();
  await Promise.all([pager.close(), slack.close(), server.drop()]);
});

function webhooks(timeout = 5): Map<string, Channel> {
  const hook = (url: string) => ({ kind: 'webhook' as const, url, headers: {}, timeout });
  return createChannels(
    { pager: hook(pager.url), slack: hook(slack.url) },
    { stream: new PassThrough(), log },
  );
}

function start(channels = webhooks(), timing: Partial<Timing> = FAST): Dispatcher {
  const dispatcher = startDispatcher({ outbox, channels, log, timing });
  running.push(dispatcher);
  return dispatcher;
}

async function tell(name: string, numbers: number[], channels: string[], on = database): Promise<string> {
  const store = createRolloutStore(on);
  const [known] = await store.list({ flag: name });
  const { id } =
    known ??
    (await store.create({
      name,
      flag: name,
      environment: 'e',
      service: null,
      text: '',
      plan: {},
      submittedBy: 'ada',
    }));
  const all = channels.flatMap((channel) =>
    numbers.map((seq) => notification({ rolloutId: id, seq, channel })),
  );
  await store.record({
    entries: [],
    notifications: all,
    view: exampleView({ id, name, flag: name, environment: 'e', seq: Math.max(...numbers) }),
  });
  return id;
}

const idsAt = (receiver: Receiver) => receiver.received.map(({ headers }) => headers['webhook-id']);
const allSent = (id: string) =>
  vi.waitFor(
    async () => expect((await outbox.of(id)).map(({ state }) => state)).not.toContain('waiting'),
    10_000,
  );

describe('messages', () => {
  test('arrive in order, also through a receiver that fails at first, and each under one id', async () => {
    let refusals = 3;
    pager.answer((response) => {
      response.writeHead(refusals-- > 0 ? 500 : 200).end();
    });
    const id = await tell('ordered', [1, 2, 3], ['pager']);
    start();
    await allSent(id);
    expect(idsAt(pager)).toEqual([1, 1, 1, 1, 2, 3].map((seq) => `${id}.${seq}.pager`));
    expect((await outbox.of(id))[0]).toMatchObject({ attempts: 3 });
  });

  test('arrive at once when somebody kicks', async () => {
    const dispatcher = start(webhooks(), { ...FAST, poll: 60_000 });
    const id = await tell('kicked', [1], ['pager']);
    dispatcher.kick();
    await allSent(id);
  });

  test('of many rollouts are sent once each by two dispatchers', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push(await tell(`many-${n}`, [1, 2], ['pager', 'slack']));
    start();
    start();
    for (const id of ids) await allSent(id);
    expect(new Set(idsAt(pager)).size).toBe(40);
    expect(pager.received).toHaveLength(40);
    expect(slack.received).toHaveLength(40);
  });
});

describe('a dead channel', () => {
  test('that never answers, full of messages, delays no other', async () => {
    pager.answer(() => undefined);
    for (let n = 0; n < 30; n++) await tell(`flood-${n}`, [1], ['pager']);
    start(webhooks(4));
    await vi.waitFor(() => expect(pager.received.length).toBeGreaterThanOrEqual(8));
    const before = Date.now();
    const id = await tell('quick', [1], ['slack']);
    await allSent(id);
    expect(Date.now() - before).toBeLessThan(3500);
  });

  test('is tried on, is reported on another channel once, and lets later messages pass', async () => {
    pager.answer((response) => response.writeHead(410).end());
    const id = await tell('dead', [1, 2], ['pager']);
    start(webhooks(), { ...FAST, attempts: 3 });
    await vi.waitFor(
      () => expect(idsAt(slack)).toEqual([`${id}.1.slack.for.pager`, `${id}.2.slack.for.pager`]),
      10_000,
    );
    expect(JSON.parse(slack.received[0]?.body ?? '').data).toMatchObject({ undelivered: 'pager', seq: 1 });
    const tried = pager.received.length;
    await vi.waitFor(() => expect(pager.received.length).toBeGreaterThan(tried + 4), 10_000);
    expect(slack.received).toHaveLength(2);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    expect((await outbox.of(id))[0]).toMatchObject({
      state: 'waiting',
      error: expect.stringContaining('410'),
    });
    pager.answer((response) => response.writeHead(204).end());
    await allSent(id);
  });

  test('with no other one beside it is an error in the log and is tried on', async () => {
    pager.answer((response) => response.writeHead(500).end());
    const id = await tell('alone', [1], ['pager']);
    const only = new Map([...webhooks()].filter(([name]) => name === 'pager'));
    start(only, { ...FAST, attempts: 2 });
    await vi.waitFor(() => expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error' })));
    pager.answer((response) => response.writeHead(204).end());
    await allSent(id);
  });

  test('whose code never returns is given up in time', async () => {
    let calls = 0;
    const never: Channel = {
      name: 'never',
      kind: 'test',
      send: () => {
        calls += 1;
        return new Promise(() => undefined);
      },
      preview: () => ({ text: '', html: null, payload: null }),
      check: async () => undefined,
    };
    const id = await tell('never', [1], ['never']);
    start(new Map([['never', never]]), { ...FAST, deadline: 50 });
    await vi.waitFor(() => expect(calls).toBeGreaterThan(2));
    expect((await outbox.of(id))[0]).toMatchObject({ state: 'waiting', error: 'not sent within 0.05 s' });
  });
});

describe('mails', () => {
  let smtp: SmtpDouble;
  beforeEach(async () => {
    smtp = await startSmtp();
  });
  afterEach(() => smtp.close());

  function withMail(): Map<string, Channel> {
    const { port } = smtp;
    const mail = {
      kind: 'email',
      host: '127.0.0.1',
      port,
      tls: 'off',
      from: 't@a.example',
      to: ['b@a.example'],
    };
    const memory = createChannelMemory(database);
    const stream = new PassThrough();
    return new Map([
      ...createChannels({ mail: EmailConfig.parse(mail) }, { stream, log, memory }),
      ...webhooks(),
    ]);
  }

  test('go out once each, in order and in one thread, by two dispatchers and over a restart', async () => {
    const id = await tell('mailed', [1, 2, 3], ['mail']);
    start(withMail());
    start(withMail());
    await allSent(id);
    await Promise.all(running.splice(0).map((dispatcher) => dispatcher.stop()));
    await tell('mailed', [4], ['mail']);
    start(withMail());
    await allSent(id);
    const ids = smtp.mails.map(({ headers }) => headers['message-id']?.[0]);
    expect(ids).toEqual([1, 2, 3, 4].map((seq) => `<${id}.${seq}.mail@a.example>`));
    expect(smtp.mails.slice(1).map(({ headers }) => headers['references']?.[0])).toEqual([
      ids[0],
      ids[0],
      ids[0],
    ]);
  });

  test('that the server does not take are reported on another channel, and go out when it does', async () => {
    smtp.behave({ kind: 'data', code: 451, answer: 'Try again later' });
    const id = await tell('refused', [1], ['mail']);
    start(withMail(), { ...FAST, attempts: 2 });
    await vi.waitFor(() => expect(idsAt(pager)).toEqual([`${id}.1.pager.for.mail`]), 10_000);
    smtp.behave({ kind: 'fine' });
    await allSent(id);
    expect(smtp.mails).toHaveLength(1);
  });

  test('tell of a webhook that is dead', async () => {
    pager.answer((response) => response.writeHead(410).end());
    await tell('gone', [1], ['pager']);
    start(withMail(), { ...FAST, attempts: 2 });
    await vi.waitFor(() => expect(smtp.mails).toHaveLength(1), 10_000);
    expect(smtp.mails[0]?.body).toContain('This was meant for pager, which does not take messages.');
  });
});

test('Slack gets a rollout as one thread, in order and once each, through failures and over a restart', async () => {
  const double = await startSlack();
  const config = { kind: 'slack', url: `${double.url}/api/`, token: SLACK_TOKEN, channel: SLACK_CHANNEL };
  const channels = () => {
    const parts = { stream: new PassThrough(), log, memory: createChannelMemory(database) };
    return createChannels({ chat: SlackConfig.parse({ ...config, timeout: '1s' }) }, parts);
  };
  try {
    const busy = { status: 429, headers: { 'retry-after': '0' } };
    double.next({ kind: 'cut', method: 'POST' }, { kind: 'instead', method: 'POST', answer: busy });
    const id = await tell('chatted', [1, 2], ['chat']);
    start(channels());
    await allSent(id);
    await Promise.all(running.splice(0).map((dispatcher) => dispatcher.stop()));
    await tell('chatted', [3], ['chat']);
    start(channels());
    await allSent(id);
    const root = double.messages[0]?.ts;
    expect(double.messages.map(({ thread_ts }) => thread_ts)).toEqual([undefined, root, root]);
    expect(double.messages.map(({ metadata }) => metadata?.event_payload)).toEqual(
      [1, 2, 3].map((seq) => ({ id: `${id}.${seq}.chat` })),
    );
  } finally {
    await double.close();
  }
});

test('people outside hear nothing of a channel that is dead', async () => {
  const heard: string[] = [];
  const outside: Channel = {
    name: 'tenants',
    kind: 'test',
    takesReports: false,
    send: async ({ rolloutId }) => void heard.push(rolloutId),
    preview: () => ({ text: '', html: null, payload: null }),
    check: async () => undefined,
  };
  pager.answer((response) => response.writeHead(410).end());
  const id = await tell('inside', [1], ['pager']);
  start(new Map([['tenants', outside], ...webhooks()]), { ...FAST, attempts: 2 });
  await vi.waitFor(() => expect(idsAt(slack)).toEqual([`${id}.1.slack.for.pager`]), 10_000);
  expect(heard).toEqual([]);
});

test('a receiver that names a time is not asked again before it', async () => {
  let calls = 0;
  const busy: Channel = {
    name: 'busy',
    kind: 'test',
    send: async () => {
      calls += 1;
      throw new Throttled('busy', { retryAfterMs: 60_000 });
    },
    preview: () => ({ text: '', html: null, payload: null }),
    check: async () => undefined,
  };
  const id = await tell('throttled', [1], ['busy']);
  start(new Map([['busy', busy]]));
  await vi.waitFor(() =>
    expect(log.lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ retryInMs: 60_000 }) }),
    ),
  );
  await tell('throttled-other', [1], ['slack']);
  expect((await outbox.of(id))[0]).toMatchObject({ state: 'waiting' });
  expect(calls).toBe(1);
});

test('a message to a channel that is not configured stays, says so, and is reported to one that is', async () => {
  const id = await tell('misnamed', [1], ['pagr']);
  start();
  await vi.waitFor(() => expect(idsAt(pager)).toEqual([`${id}.1.pager.for.pagr`]), 10_000);
  const [message] = await outbox.of(id);
  expect(message).toMatchObject({
    state: 'waiting',
    error: 'tidegate.yaml has no channel "pagr"; it has pager, slack',
  });
});

test('a stop waits for what is on its way, which is then not sent again', async () => {
  let finish = () => {};
  pager.answer((response) => {
    finish = () => response.writeHead(200).end();
  });
  const id = await tell('stopping', [1, 2], ['pager']);
  const dispatcher = start();
  await vi.waitFor(() => expect(pager.received).toHaveLength(1));
  const stopped = dispatcher.stop();
  finish();
  await stopped;
  expect((await outbox.of(id)).map(({ state }) => state)).toEqual(['sent', 'waiting']);
  pager.answer((response) => response.writeHead(200).end());
  start();
  await allSent(id);
  expect(idsAt(pager)).toEqual([`${id}.1.pager`, `${id}.2.pager`]);
});

test('while PostgreSQL is stopped messages wait, and one on its way is not sent twice', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-dispatch-'));
  const options = { dataDir: join(dir, 'postgres'), persistent: true, log: () => undefined };
  let postgres = await startPostgres(options);
  await migrate(postgres.url);
  const own = openDatabase(postgres.url);
  outbox = createOutbox(own);
  let finish = () => {};
  pager.answer((response) => {
    finish = () => response.writeHead(200).end();
  });
  const id = await tell('interrupted', [1, 2], ['pager'], own);
  const dispatcher = start();
  try {
    await vi.waitFor(() => expect(pager.received).toHaveLength(1));
    await postgres.stop();
    pager.answer((response) => response.writeHead(200).end());
    finish();
    await vi.waitFor(() =>
      expect(log.lines.map(({ text }) => text)).toContain('the outbox cannot be read; messages wait'),
    );
    postgres = await startPostgres({ ...options, port: postgres.port });
    await allSent(id);
    expect(idsAt(pager)).toEqual([`${id}.1.pager`, `${id}.2.pager`]);
  } finally {
    await dispatcher.stop();
    await own.close();
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
});
