import { access, constants, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { openPlatforms } from '../flags/platforms/open.ts';
import { readTls, type TlsFiles } from '../flags/tls.ts';
import { createSources } from '../metrics/sources.ts';
import { createChannels } from '../notify/channels.ts';
import { FAILURES, isFailure } from '../plans/failures.ts';
import { openDatabase } from '../store/connection.ts';
import type { Config } from './config.ts';
import { checkTrials } from './doctor-checks.ts';
import { certificate, httpDelivery, secureDoor } from './doctor-delivery.ts';
import { openTemporalClient } from './temporal.ts';
import { withoutSecrets } from './without-secrets.ts';

/** One connection that was tried. `hint` says what to mend, in the words of the one who must mend it. */
export interface DoctorFinding {
  part: string;
  target: string;
  ok: boolean;
  detail: string;
  hint: string;
}

const ANSWER_WITHIN = 5_000;

/** Tries every connection of a configuration, all at once, and never throws. */
export async function doctor(config: Config): Promise<DoctorFinding[]> {
  const { host, syncPort, workerSyncPort, httpPort, tls = null } = config.flags;
  const sync = (number: number) => (tls === null ? port(host, number) : shown(host, number, tls));
  const sources = createSources(config.sources);
  const platforms = [...openPlatforms(config.providers, config.segments).values()];
  try {
    return await Promise.all([
      attempt(
        'data folder',
        config.data,
        () => writable(config.data),
        'Make the folder writable for this account, or name another in `data`.',
      ),
      attempt(
        'PostgreSQL',
        withoutSecrets(config.database.url) ?? 'database.url',
        () => database(config),
        FAILURES.POSTGRES_UNREACHABLE.hint,
      ),
      attempt(
        'Temporal',
        `${config.temporal.address} (namespace ${config.temporal.namespace})`,
        () => temporal(config),
        FAILURES.TEMPORAL_UNREACHABLE.hint,
      ),
      ...sources.names.map((name) =>
        attempt(
          `Prometheus "${name}"`,
          config.sources[name]?.url ?? '',
          () => prometheus(sources, name),
          FAILURES.PROMETHEUS_UNREACHABLE.hint,
        ),
      ),
      ...(sources.names.length === 0
        ? [
            Promise.resolve({
              part: 'Prometheus',
              target: 'sources',
              ok: false,
              detail: 'no source is defined',
              hint: 'Add `sources: { default: { url: http://host:9090 } }` to tidegate.yaml.',
            }),
          ]
        : []),
      attempt(
        'server',
        `http://${config.server.host}:${config.server.port}`,
        () => server(config),
        'Start it with `tidegate server`.',
      ),
      attempt(
        'flagd sync (server)',
        `${host}:${syncPort}`,
        () => sync(syncPort),
        'The server serves it: start `tidegate server`.',
      ),
      ...(workerSyncPort === 0
        ? []
        : [
            attempt(
              'flagd sync (worker)',
              `${host}:${workerSyncPort}`,
              () => sync(workerSyncPort),
              'The worker serves it: start `tidegate worker`.',
            ),
          ]),
      ...(httpPort === 0
        ? []
        : [
            attempt(
              'OFREP (flags.httpPort)',
              `${tls === null ? 'http' : 'https'}://${host}:${httpPort}`,
              async () => {
                await httpDelivery({ host, port: httpPort, tls });
                return tls === null ? '' : shown(host, httpPort, tls);
              },
              'The server serves it: start `tidegate server`.',
            ),
          ]),
      ...(tls === null
        ? []
        : [
            attempt(
              'certificate (flags.tls)',
              tls.cert.includes('-----BEGIN') ? 'in tidegate.yaml' : tls.cert,
              async () => certificate(tls, Date.now()),
              'Renew the certificate, name its files in `flags.tls`, and restart server and worker.',
            ),
          ]),
      ...platforms.map((platform) =>
        attempt(
          `provider "${platform.name}"`,
          `${platform.kind} ${platform.where}`,
          () => platform.check(),
          FAILURES.PLATFORM_UNREACHABLE.hint,
        ),
      ),
      ...doctorChecks(config.checks),
      ...doctorChannels(config.channels),
    ]);
  } finally {
    sources.close();
  }
}

/** Tries what checks of plans may ask: by this process, while rollouts ask from the worker. */
export function doctorChecks(checks: Config['checks']): Promise<DoctorFinding>[] {
  return checkTrials(checks).map(({ part, target, work }) => {
    const late = AbortSignal.timeout(ANSWER_WITHIN);
    return attempt(part, target, () => work(late), FAILURES.CHECK_UNREACHABLE.hint);
  });
}

/** Tries every channel; nobody is told anything. */
export function doctorChannels(settings: Config['channels']): Promise<DoctorFinding>[] {
  const channels = createChannels(settings, {
    stream: process.stdout,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  return [...channels.values()].map((channel) =>
    attempt(`channel "${channel.name}"`, channel.kind, () => channel.check(), FAILURES.CHANNEL_FAILED.hint),
  );
}

async function attempt(
  part: string,
  target: string,
  work: () => Promise<string | void>,
  hint: string,
): Promise<DoctorFinding> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${ANSWER_WITHIN / 1000} s`)),
        ANSWER_WITHIN,
      );
    });
    const detail = await Promise.race([work(), late]);
    return { part, target, ok: true, detail: detail ?? '', hint: '' };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { part, target, ok: false, detail, hint: isFailure(error) ? FAILURES[error.code].hint : hint };
  } finally {
    clearTimeout(timer);
  }
}

async function writable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
}

async function database(config: Config): Promise<void> {
  const opened = openDatabase(config.database.url, { max: 1 });
  try {
    await opened.check();
  } finally {
    await opened.close();
  }
}

async function temporal(config: Config): Promise<string> {
  const client = openTemporalClient(config);
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN, async () => {
      await client.workflowService.describeNamespace({ namespace: config.temporal.namespace });
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: config.temporal.namespace,
        taskQueue: { name: config.temporal.taskQueue },
        taskQueueType: 1,
      });
      return pollers === undefined || pollers === null || pollers.length === 0
        ? `no worker polls the task queue "${config.temporal.taskQueue}" yet`
        : '';
    });
  } finally {
    await client.connection.close();
  }
}

async function prometheus(sources: ReturnType<typeof createSources>, name: string): Promise<void> {
  await sources.get(name).scalar('vector(1)', Date.now() / 1000);
}

async function server(config: Config): Promise<void> {
  const response = await fetch(`http://${config.server.host}:${config.server.port}/healthz`, {
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  }).catch((error: unknown) => {
    throw new Error('nothing answers there', { cause: error });
  });
  if (!response.ok) throw new Error(`it answers ${response.status}`);
}

/** The certificate of the files is what the port shows. @throws Failure CONFIG_INVALID */
async function shown(host: string, number: number, tls: TlsFiles): Promise<string> {
  return secureDoor({ host, port: number }, readTls(tls).cert);
}

function port(host: string, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: number }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', () => reject(new Error('nothing listens there')));
  });
}
