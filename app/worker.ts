import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ActivityInterceptorsFactory,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities/index.ts';
import { createCheckRunner } from '../checks/runner.ts';
import { providerNamed } from '../flags/router.ts';
import { createSources } from '../metrics/sources.ts';
import { createChannels, warnOfTemplates } from '../notify/channels.ts';
import { startDigests } from '../notify/digest-sender.ts';
import { startDispatcher } from '../notify/dispatcher.ts';
import { createChannelMemory } from '../store/channel-memory.ts';
import { openDatabase } from '../store/connection.ts';
import { createDigests } from '../store/digests.ts';
import { createEvidenceStore } from '../store/evidence.ts';
import { migrate } from '../store/migrate.ts';
import { createOutbox } from '../store/outbox.ts';
import { createReferenceStore } from '../store/references.ts';
import { createFlagRegistry } from '../store/registry.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { gateSignal } from '../workflows/messages.ts';
import { startCommunication, tenantsFrom } from './communication.ts';
import type { Config } from './config.ts';
import { createTemporalEngine } from './engine.ts';
import { startFlagParts } from './flag-service.ts';
import { openLog } from './log.ts';
import { startReconciler } from './reconcile.ts';
import { openTelemetry } from './telemetry.ts';
import { connectionOptions, openTemporalClient } from './temporal.ts';
import type { Tracing } from './tracing/contract.ts';
import { openTracing } from './tracing.ts';
import { insist, untilStopped } from './until-stopped.ts';
import { createWorkerTelemetry } from './worker-telemetry.ts';

/** How many gates one worker may hold open; the SDK's default of 100 would cap the rollouts. */
const OPEN_GATES = 20_000;
const RETRY_MS = 1_000;
/** How long Temporal has to take what a gate tells. */
const ANSWER_MS = 1_500;

/** Runs rollouts: their workflows, gates and messages. Waits for PostgreSQL and Temporal rather than ending. */
export async function runWorker(config: Config): Promise<number> {
  const log = openLog(config, 'worker');
  forwardSdkLog(log);
  const stopped = untilStopped();
  const database = openDatabase(config.database.url, {
    onError: (failure) => log.warn({ err: failure }, 'a database connection was lost'),
  });
  const tracing = await openTracing({ service: 'tidegate-worker', log });
  const flags = await startFlagParts(config, { database, port: config.flags.workerSyncPort, log });
  const sources = createSources(config.sources);
  const telemetry = createWorkerTelemetry({
    queries: () => sources.used().map(([source, { counters }]) => ({ source, ...counters })),
  });
  const metrics = await openTelemetry(telemetry, {
    host: config.telemetry.host,
    port: config.telemetry.workerPort,
    logger: log,
  });
  const store = createRolloutStore(database);
  const references = createReferenceStore(database);
  const evidence = createEvidenceStore(database);
  const registry = createFlagRegistry(database, Object.keys(config.segments));
  const outbox = createOutbox(database);
  const client = openTemporalClient(config, tracing);
  const engine = createTemporalEngine({
    client,
    taskQueue: config.temporal.taskQueue,
    rollouts: store,
    where: config.temporal.address,
  });
  await insist(() => migrate(config.database.url), {
    everyMs: RETRY_MS,
    stopped,
    onFailure: (error) => log.warn({ err: error }, 'waits for PostgreSQL'),
  });
  warnOfTemplates(config.channels, log);
  const dispatcher = startDispatcher({
    outbox,
    channels: createChannels(config.channels, {
      stream: process.stdout,
      log,
      memory: createChannelMemory(database),
      tenants: tenantsFrom(store),
    }),
    log,
  });
  const digests =
    config.digest === undefined
      ? null
      : startDigests({
          config: config.digest,
          // Each digest stands for itself: nothing is kept of it.
          channels: createChannels(config.channels, { stream: process.stdout, log }),
          digests: createDigests(database),
          rollouts: store,
          log,
          now: () => Date.now(),
        });
  const communication = startCommunication({ database, store, outbox, kick: () => dispatcher.kick(), log });
  const reconciler = startReconciler({ store, flags: flags.embedded, engine, log });
  const activities = createActivities({
    store,
    provider: (name) => {
      const provider = providerNamed(flags, name);
      return tracing?.flags(provider) ?? provider;
    },
    source: (name) => telemetry.counted(name, sources.get(name)),
    checks: createCheckRunner(config.checks),
    alertRules: (name) => sources.get(name).survey.rules(),
    evidence: (rolloutId) => evidence.of(rolloutId),
    flagHistory: (target, limit) => registry.history(target, limit),
    references: (flag) => references.reports(flag),
    tellStop: (rolloutId, workflowId, { what, ...message }) => {
      const tell = () =>
        client.withDeadline(Date.now() + ANSWER_MS, () =>
          client.workflow.getHandle(workflowId).signal(gateSignal, { rolloutId, message }),
        );
      return tracing?.alone(what, { 'tidegate.rollout.id': rolloutId }, tell) ?? tell();
    },
    reachTemporal: async () => {
      await client.withDeadline(Date.now() + ANSWER_MS, () => client.workflowService.getSystemInfo({}));
    },
    stopped,
    kickNotifications: () => dispatcher.kick(),
    log,
  });
  const running = await insist(() => createWorker(config, { activities, tracing }), {
    everyMs: RETRY_MS,
    stopped,
    onFailure: (error) => log.warn({ err: error }, 'waits for Temporal'),
  });
  if (running !== null) {
    const { worker, connection } = running;
    log.info({ taskQueue: config.temporal.taskQueue, sync: flags.sync?.port ?? null }, 'worker is ready');
    void stopped.then(() => worker.shutdown());
    await worker.run();
    await connection.close();
  }
  reconciler.stop();
  await digests?.stop();
  await communication.stop();
  await dispatcher.stop();
  await metrics?.close();
  await flags.stop();
  sources.close();
  await client.connection.close();
  await database.close();
  await tracing?.stop();
  return 0;
}

async function createWorker(
  config: Config,
  { activities, tracing }: { activities: object; tracing: Tracing | null },
): Promise<{ worker: Worker; connection: NativeConnection }> {
  const connection = await NativeConnection.connect(connectionOptions(config.temporal));
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    ...workflowCode(tracing === null ? [] : [tracing.activities]),
    activities,
    maxConcurrentActivityTaskExecutions: OPEN_GATES,
    maxCachedWorkflows: OPEN_GATES,
    shutdownGraceTime: '2 seconds',
    shutdownForceTime: '5 seconds',
  }).catch(async (error: unknown) => {
    // Tried again every second: an open connection each time would add up.
    await connection.close();
    throw error;
  });
  return { worker, connection };
}

/** The bundle that the build made; from the sources, the SDK bundles at start, which takes seconds. */
function workflowCode(
  activity: ActivityInterceptorsFactory[],
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const bundle = file('../workflow-bundle.js');
  // In it the workflows' own interceptors are already.
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle }, interceptors: { activity } };
  return {
    workflowsPath: file('../workflows/index.ts'),
    interceptors: { activity, workflowModules: [file('../workflows/led-by.ts')] },
  };
}

function forwardSdkLog(log: Logger): void {
  const sdk = log.child({ part: 'temporal' });
  Runtime.install({
    logger: {
      log: (level, message, meta) =>
        sdk[
          level === 'TRACE'
            ? 'trace'
            : level === 'DEBUG'
              ? 'debug'
              : level === 'INFO'
                ? 'info'
                : level === 'WARN'
                  ? 'warn'
                  : 'error'
        ](meta ?? {}, message),
      trace: (message, meta) => sdk.trace(meta ?? {}, message),
      debug: (message, meta) => sdk.debug(meta ?? {}, message),
      info: (message, meta) => sdk.info(meta ?? {}, message),
      warn: (message, meta) => sdk.warn(meta ?? {}, message),
      error: (message, meta) => sdk.error(meta ?? {}, message),
    },
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // The process decides itself when it ends.
    shutdownSignals: [],
  });
}
