import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFlagActivities } from '../activities/flag-writes.ts';
import { createFollowActivity } from '../activities/follow-required.ts';
import { createRecordActivities } from '../activities/records.ts';
import { type RunningTemporal, startTemporal } from '../app/embedded/temporal.ts';
import { createEmbeddedProvider } from '../flags/embedded.ts';
import { openLatches } from '../flags/latches.ts';
import { Plan } from '../plans/plan.ts';
import type { RolloutView } from '../plans/view.ts';
import { type Database, openDatabase } from '../store/connection.ts';
import { createFlagStore } from '../store/flags.ts';
import { migrate } from '../store/migrate.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import type { RolloutStore } from '../store/store.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { parts } from '../test/fixtures/parts.ts';
import { startWire, type Wire } from '../test/fixtures/wire.ts';
import { workflowCode } from '../test/fixtures/workflow-code.ts';
import { scripted } from '../test/replay/scripted.ts';
import { actUpdate, viewQuery, WORKFLOW, workflowId } from './messages.ts';

const QUEUE = 'required';

let dir: string;
let temporal: RunningTemporal;
let native: NativeConnection;
let client: Client;
let postgres: TestDatabase;
let database: Database;
/** What reads other rollouts, on a wire that can be cut; flags and journals do without it. */
let wire: Wire;
let reading: Database;
let store: RolloutStore;
let worker: Worker;
let running: Promise<void>;
/** How often other rollouts could not be read. */
let unread = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-required-'));
  postgres = await createDatabase();
  await migrate(postgres.url);
  database = openDatabase(postgres.url);
  store = createRolloutStore(database);
  const through = new URL(postgres.url);
  wire = await startWire({ host: through.hostname, port: Number(through.port) });
  through.hostname = '127.0.0.1';
  through.port = String(wire.port);
  reading = openDatabase(through.href);
  temporal = await startTemporal({
    binary: parts().temporal,
    dbFile: join(dir, 'temporal.db'),
    log: () => undefined,
  });
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  native = await NativeConnection.connect({ address: temporal.address });
  const flags = createEmbeddedProvider({
    flagStore: createFlagStore(database),
    latches: openLatches(dir),
    dataDir: dir,
  });
  worker = await Worker.create({
    connection: native,
    taskQueue: QUEUE,
    workflowBundle: await workflowCode(),
    activities: {
      // Gates pass at once, but that of the last stage, which goes on looking.
      ...scripted({ '100%': ['hold'] }).activities,
      ...createFlagActivities({ provider: () => flags }),
      ...createRecordActivities({ store, provider: () => flags, kickNotifications: () => undefined }),
      ...createFollowActivity({
        store: createRolloutStore(reading),
        log: {
          info() {},
          warn() {
            unread += 1;
          },
        },
      }),
    },
  });
  running = worker.run();
}, 120_000);

afterAll(async () => {
  worker?.shutdown();
  await running;
  await client?.connection.close();
  await native?.close();
  await temporal?.stop();
  await reading?.close();
  await wire?.close();
  await database?.close();
  await postgres?.drop();
  await rm(dir, { recursive: true, force: true });
});

function planOf(name: string, requires: object[] = []): Plan {
  return Plan.parse({
    metadata: { name },
    flag: { key: name },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', weight: 1 }],
    stages: [
      { name: '5%', percent: 5, approval: { roles: ['on-call'] } },
      { name: '100%', percent: 100 },
    ],
    ...(requires.length === 0 ? {} : { requires }),
  });
}

async function begin(plan: Plan, historyLimit = 2_000) {
  const { environment, flag, metadata } = plan;
  const row = await store.create({
    name: metadata.name,
    flag: flag.key,
    environment,
    service: null,
    text: '',
    plan,
    submittedBy: 'sam',
  });
  const id = workflowId(environment, flag.key);
  await client.workflow.start(WORKFLOW, {
    workflowId: id,
    taskQueue: QUEUE,
    args: [{ kind: 'start', id: row.id, plan, submittedBy: { by: 'sam', roles: [] }, historyLimit }],
  });
  const handle = () => client.workflow.getHandle(id);
  const view = () => handle().query<RolloutView>(viewQuery.name);
  return {
    id: row.id,
    workflow: id,
    view,
    until: (wanted: object) => expect.poll(view, { timeout: 30_000, interval: 50 }).toMatchObject(wanted),
    act: (action: 'approve' | 'rollback') => {
      const message = { action, by: 'kim', roles: ['on-call'], reason: 'r', accept: null, breakGlass: false };
      return handle().executeUpdate(actUpdate, { args: [{ rolloutId: row.id, message }] });
    },
    served: async () =>
      (await createFlagStore(database).read({ environment, key: flag.key }))?.exposure.percent ?? null,
  };
}

const requiring = (text: string) => ({ blockers: [{ kind: 'requires', text }] });

it('a rollout waits for another one, rises on nothing that it cannot read, and follows its rollback', async () => {
  const pricing = await begin(
    // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
    planOf('pricing', [{ rollout: 'checkout', reached: '25%', then: 'rollback' }]),
  );
  const waits = 'stage 5% waits until checkout has reached 25 %';
  await pricing.until(requiring(`${waits}: there is no rollout of checkout in production yet`));

  const checkout = await begin(planOf('checkout'));
  await pricing.until(requiring(`${waits}: ${checkout.id} is in stage 5% and serves 5 %`));
  expect(await pricing.served()).toBeNull();
  await checkout.until({ blockers: [{ kind: 'approval' }] });
  await checkout.act('approve');
  await pricing.until({ stage: '5%', blockers: [{ kind: 'approval' }] });
  expect(await pricing.served()).toBe(5);

  await wire.cut();
  const before = unread;
  await pricing.act('approve');
  // It has tried to read how far the other one is, and got no answer.
  await expect.poll(() => unread, { timeout: 30_000, interval: 50 }).toBeGreaterThan(before);
  await pricing.until(requiring('checkout is read anew before stage 100% opens'));
  expect(await pricing.served()).toBe(5);
  await wire.mend();
  await pricing.until({ stage: '100%' });
  expect(await pricing.served()).toBe(100);

  await checkout.act('rollback');
  await pricing.until({ phase: 'rolled-back' });
  expect(await pricing.served()).toBe(0);
  const journal = async () =>
    (await store.journal(pricing.id)).find(({ transition }) => transition === 'rollback-requested');
  await expect
    .poll(journal, { timeout: 20_000 })
    .toMatchObject({ cause: { kind: 'policy', reason: expect.stringContaining(checkout.id) } });
});

it('goes on following in a new run, and its history grows with news alone', async () => {
  const left = await begin(planOf('left'));
  const right = await begin(planOf('right', [{ rollout: 'left', reached: '100%' }]), 12);
  const first = (await client.workflow.getHandle(right.workflow).describe()).runId;
  await right.until(
    requiring(`stage 5% waits until left has reached 100 %: ${left.id} is in stage 5% and serves 5 %`),
  );
  await left.act('approve');
  await right.until({ stage: '5%' });
  await left.act('rollback');
  await right.until({ pause: { reason: expect.stringContaining(`${left.id} was rolled back`) } });
  expect((await client.workflow.getHandle(right.workflow).describe()).runId).not.toBe(first);
  await right.act('rollback');
  await right.until({ phase: 'rolled-back' });
});
