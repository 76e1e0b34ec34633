import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { announcing, tenantsFrom } from '../app/communication.ts';
import { createAnnouncements } from '../store/announcements.ts';
import { createChannelMemory } from '../store/channel-memory.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { migrate } from '../store/migrate.ts';
import { createOutbox } from '../store/outbox.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import type { RolloutStore } from '../store/store.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { rememberingLog } from '../test/fixtures/message.ts';
import { type SmtpDouble, startSmtp } from '../test/fixtures/smtp.ts';
import {
  PAGE,
  STATUSPAGE_KEY,
  type StatuspageDouble,
  startStatuspage,
} from '../test/fixtures/statuspage-double.ts';
import { startTold, stopHard } from '../test/fixtures/told-rollout.ts';
import { tellAnnouncements } from './announcement-sender.ts';
import { createChannels } from './channels.ts';
import { ChannelConfig } from './config.ts';
import { type Dispatcher, startDispatcher } from './dispatcher.ts';

const NOON = Date.UTC(2026, 2, 2, 12);
const HOUR = 3_600_000;
const PATIENT = { timeout: 30_000 };

let server: TestDatabase;
let database: Database;
let store: RolloutStore;
let smtp: SmtpDouble;
let page: StatuspageDouble;
let folder: string;
let dispatcher: Dispatcher;
const log = rememberingLog();

beforeEach(async () => {
  server = await createDatabase();
  await migrate(server.url);
  database = openDatabase(server.url);
  store = createRolloutStore(database);
  [smtp, page] = [await startSmtp(), await startStatuspage()];
  folder = await mkdtemp(join(tmpdir(), 'tidegate-announced-'));
  const tenantsFile = join(folder, 'tenants');
  await writeFile(
    tenantsFile,
    'acme ops@acme.example, it@acme.example # two\nglobex ops@globex.example\ninitech ops@initech.example\n',
  );
  const { port } = smtp;
  const mail = {
    kind: 'email',
    host: '127.0.0.1',
    port,
    tls: 'off',
    from: 'tidegate@example.com',
    tenantsFile,
  };
  const { url } = page;
  const channels = createChannels(
    {
      tenants: ChannelConfig.parse(mail),
      public: ChannelConfig.parse({ kind: 'statuspage', url, token: STATUSPAGE_KEY, page: PAGE }),
    },
    { stream: new PassThrough(), log, memory: createChannelMemory(database), tenants: tenantsFrom(store) },
  );
  dispatcher = startDispatcher({ outbox: createOutbox(database), channels, log, timing: { poll: 30 } });
});

afterEach(async () => {
  await dispatcher.stop();
  await database.close();
  await Promise.all([
    smtp.close(),
    page.close(),
    server.drop(),
    rm(folder, { recursive: true, force: true }),
  ]);
});

const look = (hours: number) =>
  tellAnnouncements({
    announcements: createAnnouncements(database),
    read: announcing(store, () => NOON + hours * HOUR),
    kick: () => dispatcher.kick(),
    log,
  });
const arrived = (id: string, count: number) =>
  vi.waitFor(async () => {
    const all = await createOutbox(database).of(id);
    expect(all.map(({ state }) => state)).toEqual(Array.from({ length: count }, () => 'sent'));
  }, PATIENT);
const recipients = () => smtp.mails.map((mail) => mail.recipients.toSorted());

test('the tenants of the next wave hear of it before it opens, those alone, and those of a stop who were hit', async () => {
  const stages = ['acme', 'globex', 'initech'].map((name) => ({
    name,
    audience: { tenants: [name] },
    bake: '4h',
  }));
  const notify = [
    { channel: 'tenants', events: ['upcoming', 'rolled-back'], before: '2h' },
    { channel: 'public', events: ['upcoming'], before: '2h' },
  ];
  const told = await startTold(store, { more: { stages, notify }, at: NOON });
  await look(1);
  await Promise.all([look(2), look(2)]);
  await look(2.1);
  await arrived(told.id, 2);
  expect(recipients()).toEqual([['ops@globex.example']]);
  expect(smtp.mails[0]?.body).toContain('Stage globex opens Mon 2026-03-02 16:00 UTC at the earliest');
  expect(page.incidents).toMatchObject([{ status: 'scheduled', scheduled_for: '2026-03-02T16:00:00.000Z' }]);
  told.world.now = NOON + 3 * HOUR;
  stopHard(told);
  told.world.settle();
  await told.record();
  await look(3);
  await arrived(told.id, 5);
  // Those who were told of a wave that does not come, and those who had the canary.
  expect(recipients().slice(1).toSorted()).toEqual([
    ['it@acme.example', 'ops@acme.example'],
    ['ops@globex.example'],
  ]);
  expect(page.incidents).toMatchObject([{ status: 'completed' }]);
  await look(4);
  expect(await createAnnouncements(database).open()).toEqual([]);
});

test('what concerns a share of everybody is told to all of them', async () => {
  const notify = [{ channel: 'tenants', events: ['upcoming'], before: '2h' }];
  const stages = [
    { name: 'acme', audience: { tenants: ['acme'] }, bake: '4h' },
    { name: '25%', percent: 25, bake: '4h' },
  ];
  const told = await startTold(store, { more: { stages, notify }, at: NOON });
  await look(2.5);
  await arrived(told.id, 1);
  expect(recipients()).toEqual([
    ['it@acme.example', 'ops@acme.example', 'ops@globex.example', 'ops@initech.example'],
  ]);
});
