import { createTenantReader } from '../checks/tenants.ts';
import { startEvaluationCounts } from '../flags/evaluation-counts.ts';
import { createSources } from '../metrics/sources.ts';
import { servedPlan } from '../plans/shadow.ts';
import { listenAt } from '../server/app.ts';
import { createDeliveryServer } from '../server/delivery-server.ts';
import { createServer, listen } from '../server/server.ts';
import { createServerTelemetry } from '../server/telemetry/server-telemetry.ts';
import { createBoard } from '../store/board-queries.ts';
import { createChanges } from '../store/changes.ts';
import { openDatabase } from '../store/connection.ts';
import { createConsoleBoardStore } from '../store/console-board.ts';
import { createDrillStore } from '../store/drills.ts';
import { createEvaluationStore } from '../store/evaluations.ts';
import { createEvidenceStore } from '../store/evidence.ts';
import { createFigures } from '../store/figures.ts';
import { createIdempotency } from '../store/idempotency.ts';
import { createInbound } from '../store/inbound.ts';
import { createIncidents } from '../store/incidents.ts';
import { migrate } from '../store/migrate.ts';
import { openNotices } from '../store/notices.ts';
import { createOutbox } from '../store/outbox.ts';
import { createReferenceStore } from '../store/references.ts';
import { createFlagRegistry } from '../store/registry.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { createTokenStore } from '../store/tokens.ts';
import { openAccess } from './access.ts';
import type { Config } from './config.ts';
import { createTemporalEngine } from './engine.ts';
import { deliveryOf, startFlagParts } from './flag-service.ts';
import { knownNames } from './known-names.ts';
import { openLog } from './log.ts';
import { consoleFolder } from './paths.ts';
import { platformLacks } from './platform-checks.ts';
import { preflightOnThread } from './preflight-runner.ts';
import { openTelemetry } from './telemetry.ts';
import { openTemporalClient } from './temporal.ts';
import { openTracing } from './tracing.ts';
import { insist, untilStopped } from './until-stopped.ts';

/** Serves the HTTP API, OFREP and the flagd sync stream. Serves flags from disk while PostgreSQL is away. */
export async function runServer(config: Config): Promise<number> {
  const log = openLog(config, 'server');
  const stopped = untilStopped();
  const database = openDatabase(config.database.url, {
    onError: (failure) => log.warn({ err: failure }, 'a database connection was lost'),
  });
  const tracing = await openTracing({ service: 'tidegate-server', log });
  const flags = await startFlagParts(config, { database, port: config.flags.syncPort, log });
  const rollouts = createRolloutStore(database);
  const notices = openNotices(config.database.url);
  const sources = createSources(config.sources);
  const client = openTemporalClient(config, tracing);
  const access = await openAccess(config, { database, log });
  const engine = createTemporalEngine({
    client,
    taskQueue: config.temporal.taskQueue,
    rollouts,
    where: config.temporal.address,
  });
  const telemetry = createServerTelemetry({
    readFigures: createFigures(database).read,
    pingTemporal: () => engine.ping(),
    now: () => Date.now(),
  });
  const evaluations = createEvaluationStore(database);
  const counts = startEvaluationCounts({ store: evaluations, log });
  const delivery = deliveryOf(config, { ...flags, counts });
  const app = createServer({
    telemetry,
    access: access.server,
    rollouts,
    consoleBoard: createConsoleBoardStore(database),
    console: consoleFolder(),
    outbox: createOutbox(database),
    board: createBoard(database),
    channels: Object.fromEntries(Object.entries(config.channels).map(([name, { kind }]) => [name, kind])),
    flags: tracing?.flags(flags.provider) ?? flags.provider,
    flagService: flags.service,
    registry: createFlagRegistry(database, Object.keys(config.segments)),
    segments: config.segments,
    delivery,
    tokens: createTokenStore(database),
    changes: createChanges(database),
    notices,
    idempotency: createIdempotency(database),
    evaluations,
    drills: createDrillStore(database),
    references: createReferenceStore(database),
    evidence: createEvidenceStore(database),
    sightings: ({ from, to }) =>
      Promise.all(
        sources.names.map((name) => sources.get(name).sightings(name, { from: from / 1000, to: to / 1000 })),
      ),
    inbound: createInbound(database),
    incidents: createIncidents(database),
    webhooks: config.webhooks,
    slack: config.slack ?? null,
    engine,
    checkQueries: (plan) => sources.get(plan.source.prometheus).check(servedPlan(plan), Date.now() / 1000),
    known: knownNames(config, {
      platforms: flags.platforms,
      shared: () => flags.service.segments().map(({ name }) => name),
    }),
    platformLacks: (plan) => platformLacks(plan, flags.platforms),
    askTenants: createTenantReader(config.checks),
    preflight: (wanted) => preflightOnThread(config, wanted),
    now: () => Date.now(),
    logger: log,
  });
  tracing?.requests(app);
  // Before it listens, so that whoever sees it up finds the token.
  await access.announce(access.address);
  const address = await listen(app, { ...config.server, hasLogin: access.hasLogin });
  await access.announce(address);
  const { host, httpPort: port, tls = null } = config.flags;
  const outside = port === 0 ? null : createDeliveryServer(delivery, { logger: log, tls });
  const flagsAt = outside === null ? null : await listenAt(outside, { host, port });
  const metrics = await openTelemetry(telemetry, {
    host: config.telemetry.host,
    port: config.telemetry.serverPort,
    logger: log,
  });
  log.info(
    { address, sync: flags.sync?.port ?? null, flags: flagsAt, metrics: metrics?.address ?? null },
    'server is ready',
  );
  // The tables may come later: flags are served and kills are taken before PostgreSQL answers.
  void insist(() => migrate(config.database.url), {
    everyMs: 1_000,
    stopped,
    onFailure: (error) => log.warn({ err: error }, 'waits for PostgreSQL'),
  });
  await stopped;
  await Promise.all([app.close(), outside?.close(), metrics?.close()]);
  await notices.stop();
  await counts.stop();
  await flags.stop();
  sources.close();
  await client.connection.close();
  await database.close();
  await tracing?.stop();
  return 0;
}
