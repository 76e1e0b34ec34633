import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, type ChildLedger, type Log, startChild, untilReady } from './child.ts';
import { onPort } from './ports.ts';

/** An entry of Prometheus' `scrape_configs`, in its own words. */
export interface ScrapeConfig {
  job_name: string;
  [field: string]: unknown;
}

export interface PrometheusOptions {
  binary: string;
  /** Configuration and data. */
  dir: string;
  /** Default: one that is free. */
  port?: number | undefined;
  scrapeConfigs: readonly ScrapeConfig[];
  /** A Prometheus duration, default `1s`. */
  scrapeInterval?: string | undefined;
  /** A Prometheus duration, default `7d`. */
  retention?: string | undefined;
  /** More of its configuration, in its own words: `alerting`, `rule_files`. */
  further?: Readonly<Record<string, unknown>> | undefined;
  /** What `--enable-feature` names. */
  features?: readonly string[];
  log: Log;
  ledger?: ChildLedger | undefined;
}

export interface RunningPrometheus {
  url: string;
  port: number;
  pid: number;
  child: Child;
  stop(): Promise<void>;
}

/** Starts Prometheus on loopback and waits until it is ready. @throws Failure PART_MISSING, PROMETHEUS_UNREACHABLE */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const on = { wanted: options.port, code: 'PROMETHEUS_UNREACHABLE' } as const;
  return onPort(on, (port) => startAt(options, port));
}

async function startAt(options: PrometheusOptions, port: number): Promise<RunningPrometheus> {
  const { binary, dir, scrapeConfigs, scrapeInterval = '1s', retention = '7d', features = [] } = options;
  await mkdir(join(dir, 'data'), { recursive: true });
  const file = join(dir, 'prometheus.yml');
  const config = {
    global: {
      scrape_interval: scrapeInterval,
      scrape_timeout: scrapeInterval,
      evaluation_interval: scrapeInterval,
    },
    scrape_configs: scrapeConfigs,
    ...options.further,
  };
  // JSON is YAML.
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
  const child = await startChild({
    name: 'prometheus',
    command: binary,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--storage.tsdb.retention.time=${retention}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
      ...features.map((feature) => `--enable-feature=${feature}`),
    ],
    log: options.log,
    ledger: options.ledger,
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady({
    child,
    probe: () => ask(`${url}/-/ready`),
    code: 'PROMETHEUS_UNREACHABLE',
    timeout: 60_000,
  });
  return { url, port, pid: child.pid, child, stop: () => child.stop() };
}

async function ask(url: string): Promise<void> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`status ${answer.status}`);
}
