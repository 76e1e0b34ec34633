import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { within } from '../../flags/deadline.ts';
import type { Figures } from '../../store/figures.ts';
import type { TelemetryPage } from './page.ts';
import { rolloutMetrics } from './rollout-metrics.ts';

export interface TelemetryParts {
  readFigures(): Promise<Figures>;
  /** Fails while Temporal does not answer. */
  pingTemporal(): Promise<unknown>;
  now(): number;
}

export interface ServerTelemetry extends TelemetryPage {
  answered(request: { method: string; route: string; status: number; seconds: number }): void;
}

/** Several scrapers, or a page that is reloaded, ask the database once. */
const FRESH_MS = 5_000;
/** A part that is away must not keep the scrape from its end. */
const PATIENCE_MS = 3_000;
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** The server's own metrics, `tidegate_*`, beside those of its process. */
export function createServerTelemetry(parts: TelemetryParts): ServerTelemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const show = rolloutMetrics(registry);
  const registers = [registry];
  const up = new Gauge({
    name: 'tidegate_part_up',
    help: '1: the part that the server needs answers.',
    labelNames: ['part'],
    registers,
  });
  const requests = new Histogram({
    name: 'tidegate_http_request_duration_seconds',
    help: 'Time to answer a request of the API.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  let asked: { at: number; done: Promise<void> } | null = null;

  async function look(): Promise<void> {
    const [figures, temporal] = await Promise.all([
      within(PATIENCE_MS, parts.readFigures()).catch(() => null),
      within(PATIENCE_MS, parts.pingTemporal()).then(
        () => true,
        () => false,
      ),
    ]);
    up.set({ part: 'postgres' }, Number(figures !== null));
    up.set({ part: 'temporal' }, Number(temporal));
    // What was true once is not told as if it still were.
    show(figures ?? { active: [], marks: [], ended: [], rollbackSeconds: [], channels: [] });
  }

  return {
    contentType: registry.contentType,
    async text() {
      const now = parts.now();
      if (asked === null || now - asked.at >= FRESH_MS) asked = { at: now, done: look() };
      await asked.done;
      return registry.metrics();
    },
    answered: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: String(status) }, seconds),
  };
}
