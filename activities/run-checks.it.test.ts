import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningTemporal, startTemporal } from '../app/embedded/temporal.ts';
import { ChecksConfig } from '../checks/config.ts';
import { createCheckRunner } from '../checks/runner.ts';
import { hostOf } from '../plans/check.ts';
import type { JournalEntry } from '../plans/journal.ts';
import { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import type { RecordRequest } from '../rollout/command.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createEvidenceStore, type EvidenceStore } from '../store/evidence.ts';
import { migrate } from '../store/migrate.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { parts } from '../test/fixtures/parts.ts';
import { workflowCode } from '../test/fixtures/workflow-code.ts';
import { scripted } from '../test/replay/scripted.ts';
import { actUpdate, viewQuery, WORKFLOW } from '../workflows/messages.ts';
import { createCheckActivity } from './run-checks.ts';

let temporal: RunningTemporal;
let dir: string;
let client: Client;
let native: NativeConnection;
let bundle: WorkflowBundle;
let database: TestDatabase;
let sql: pg.Client;
let store: Database;
let evidence: EvidenceStore;
let server: Server;
let url: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-checks-'));
  temporal = await startTemporal({
    binary: parts().temporal,
    dbFile: join(dir, 'temporal.db'),
    log: () => undefined,
  });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  native = await NativeConnection.connect({ address: temporal.address });
  bundle = await workflowCode();
  database = await createDatabase();
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  await migrate(database.url);
  store = openDatabase(database.url);
  evidence = createEvidenceStore(store);
  await sql.query('create table ledger (path text, total numeric)');
  await sql.query("insert into ledger values ('old', 10.50), ('old', 4), ('new', 14.5)");
  server = createServer((request, response) => {
    // One address never answers.
    if (request.url !== '/never') response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await sql.end();
  await store.close();
  await database.drop();
  await client.connection.close();
  await native.close();
  await temporal.stop();
  await rm(dir, { recursive: true, force: true });
});

const runner = () =>
  createCheckRunner(
    ChecksConfig.parse({
      hosts: { [hostOf(url)]: {} },
      databases: { ledger: { url: database.url } },
      commands: { yes: { run: [process.execPath, '-e', 'process.exit(0)'] } },
    }),
  );
const sums = {
  name: 'sums',
  sql: {
    database: 'ledger',
    query:
      "select sum(total) filter (where path = 'old'), sum(total) filter (where path = 'new') from ledger;",
    expect: { agree: 'exactly' },
  },
};

function planWith(checks: object[], more: object = {}): Plan {
  return Plan.parse({
    metadata: { name: 'p' },
    flag: { key: 'p' },
    policy: { checks: { every: '1h' } },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', weight: 1 }],
    stages: [
      { name: '1%', percent: 1 },
      { name: '100%', percent: 100, ...(checks.length === 0 ? {} : { checks }) },
    ],
    ...more,
  });
}

type Handle = ReturnType<typeof client.workflow.getHandle>;

async function rollout(
  name: string,
  checks: object[],
  act: (handle: Handle) => Promise<void>,
  more: object = {},
): Promise<{ view: RolloutView; journal: JournalEntry[] }> {
  const { activities } = scripted({});
  const journal: JournalEntry[] = [];
  const worker = await Worker.create({
    connection: native,
    taskQueue: name,
    workflowBundle: bundle,
    activities: {
      ...activities,
      ...createCheckActivity({
        checks: runner(),
        source: () => {
          throw new Error('no metrics are asked for');
        },
        alertRules: async () => null,
        evidence: (rolloutId) => evidence.of(rolloutId),
        flagHistory: async () => [],
      }),
      record: async ({ entries }: RecordRequest) => void journal.push(...entries),
    },
  });
  return worker.runUntil(async () => {
    const plan = planWith(checks, more);
    const handle = await client.workflow.start(WORKFLOW, {
      workflowId: name,
      taskQueue: name,
      args: [{ kind: 'start', id: name, plan, submittedBy: { by: 'sam', roles: [] }, historyLimit: 2_000 }],
    });
    await act(handle);
    const view = (await handle.result()) as RolloutView;
    return { view, journal };
  });
}

const viewOf = (handle: Handle) => handle.query(viewQuery);
async function person(handle: Handle, name: string, action: 'recheck' | 'rollback' | 'waive'): Promise<void> {
  const message = { action, by: 'kim', roles: ['lead'], reason: 'r', accept: null, breakGlass: false };
  await handle.executeUpdate(actUpdate, { args: [{ rolloutId: name, message }] });
}

describe('checks of a plan', () => {
  it('are asked of a real address, database and program before the stage opens', async () => {
    const checks = [
      { name: 'ready', http: { url, expectBody: 'ok' } },
      sums,
      { name: 'smoke', command: ['yes'] },
    ];
    const { view, journal } = await rollout('passing', checks, async () => undefined);
    expect(view.phase).toBe('completed');
    const at = journal.findIndex(({ transition }) => transition === 'checks-passed');
    expect(journal[at]?.checks).toMatchObject([
      { name: 'ready', ok: true, came: 'status 200, with the expected text' },
      { name: 'sums', ok: true, came: '14.5 and 14.5 agree' },
      { name: 'smoke', ok: true, came: 'ended with 0' },
    ]);
    expect(journal[at + 1]).toMatchObject({ transition: 'advanced', stage: '100%' });
  });

  it('hold the rollout while sums do not agree, until somebody has mended them and asks again', async () => {
    await sql.query("insert into ledger values ('new', 1)");
    const { view, journal } = await rollout('held', [sums], async (handle) => {
      await expect
        .poll(async () => (await viewOf(handle)).checks?.state, { timeout: 20_000, interval: 50 })
        .toBe('failed');
      const held = await viewOf(handle);
      expect(held.stage).toBe('1%');
      expect(held.next).toContain('14.5 and 15.5 do not agree');
      await sql.query("delete from ledger where path = 'new' and total = 1");
      await person(handle, 'held', 'recheck');
    });
    expect(view.phase).toBe('completed');
    const told = journal.map(({ transition }) => transition);
    expect(told.indexOf('check-failed')).toBeLessThan(told.indexOf('checks-passed'));
  });

  it('cannot write, whatever the plan says', async () => {
    const query = "select 1; insert into ledger values ('new', 99)";
    for (const text of [query, "insert into ledger values ('new', 99) returning 1", 'commit']) {
      const check = { ...sums, sql: { ...sums.sql, query: text, expect: { value: 1 } } };
      const [answer] = await runner().run(
        planWith([check]).stages[1]?.checks ?? [],
        { rolloutId: 'r', flag: 'p', environment: 'production', stage: '100%' },
        new AbortController().signal,
      );
      expect(answer).toMatchObject({ ok: false });
    }
    const { rows } = await sql.query('select count(*)::int as n from ledger');
    expect(rows).toEqual([{ n: 3 }]);
  });

  it('that never answer hold up no rollback', async () => {
    const checks = [{ name: 'never', http: { url: `${url}/never` }, timeout: '1h' }];
    const { view } = await rollout('stopped', checks, async (handle) => {
      await expect
        .poll(async () => (await viewOf(handle)).checks?.state, { timeout: 20_000, interval: 50 })
        .toBe('running');
      await person(handle, 'stopped', 'rollback');
    });
    expect(view.phase).toBe('rolled-back');
    expect(view.exposure.percent).toBe(0);
  });
});

describe('what a plan asks for before it begins', () => {
  const before = { evidence: ['tests', 'sign-off'], waive: { roles: ['lead'] } };
  const failed = (handle: Handle) =>
    expect
      .poll(async () => (await viewOf(handle)).checks?.state, { timeout: 20_000, interval: 50 })
      .toBe('failed');

  it('is read where it is told; nothing opens before all of it is there', async () => {
    const { view, journal } = await rollout(
      'evidence',
      [],
      async (handle) => {
        await evidence.tell('evidence', {
          kind: 'tests',
          ok: true,
          by: 'ci',
          url: 'https://ci.example.com/7',
        });
        await failed(handle);
        expect((await viewOf(handle)).stage).toBeNull();
        await evidence.tell('evidence', {
          kind: 'tests',
          ok: true,
          by: 'ci',
          url: 'https://ci.example.com/7',
        });
        await evidence.tell('evidence', { kind: 'sign-off', ok: true, by: 'ada', url: null });
        await person(handle, 'evidence', 'recheck');
      },
      { before },
    );
    expect(view.phase).toBe('completed');
    const passed = journal.find(({ transition }) => transition === 'checks-passed');
    expect(passed?.checks?.map(({ name, came }) => `${name}: ${came}`)).toEqual([
      expect.stringMatching(/^before: tests: ok: ci, .*https:\/\/ci\.example\.com\/7$/),
      expect.stringMatching(/^before: sign-off: ok: ada, /),
    ]);
  });

  it('is waived by somebody with the role, with the reason in the journal', async () => {
    const { view, journal } = await rollout(
      'waived',
      [],
      async (handle) => {
        await failed(handle);
        await person(handle, 'waived', 'waive');
      },
      { before },
    );
    expect(view.phase).toBe('completed');
    expect(journal.find(({ transition }) => transition === 'before-waived')).toMatchObject({
      cause: { kind: 'person', by: 'kim', reason: 'r' },
      summary: expect.stringContaining('nobody has told'),
    });
  });
});
