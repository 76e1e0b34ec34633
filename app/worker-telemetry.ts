import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { MetricSource } from '../metrics/source.ts';
import type { TelemetryPage } from '../server/telemetry/page.ts';

export interface WorkerTelemetry extends TelemetryPage {
  /** The same source, with what its gates read counted. */
  counted<S extends MetricSource>(name: string, source: S): S;
}

interface TelemetryParts {
  /** Queries that were sent and those answered from one already asked, by the name of the source. */
  queries(): { source: string; sent: number; shared: number }[];
}

const POLL_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The worker's own metrics: what its gates read and how long that takes. */
export function createWorkerTelemetry(parts: TelemetryParts): WorkerTelemetry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const polls = new Counter({
    name: 'tidegate_gate_polls_total',
    help: 'Windows that gates have asked for; `rejected`: no evidence came of them.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const rejections = new Counter({
    name: 'tidegate_gate_rejections_total',
    help: 'Why windows were no evidence.',
    labelNames: ['source', 'kind'],
    registers,
  });
  const seconds = new Histogram({
    name: 'tidegate_gate_poll_duration_seconds',
    help: 'Time to read one window of one gate.',
    labelNames: ['source'],
    buckets: POLL_BUCKETS,
    registers,
  });
  new Counter({
    name: 'tidegate_queries_total',
    help: 'Queries since the worker began: sent, and answered from one that another gate had asked.',
    labelNames: ['source', 'answered'],
    registers,
    collect() {
      this.reset();
      for (const { source, sent, shared } of parts.queries()) {
        this.inc({ source, answered: 'sent' }, sent);
        this.inc({ source, answered: 'shared' }, shared);
      }
    },
  });
  const wrapped = new WeakMap<MetricSource, MetricSource>();

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counted<S extends MetricSource>(name: string, source: S): S {
      const known = wrapped.get(source);
      if (known !== undefined) return known as S;
      const read: MetricSource['read'] = async (request) => {
        const stop = seconds.startTimer({ source: name });
        try {
          const reading = await source.read(request);
          polls.inc({ source: name, outcome: reading.kind });
          if (reading.kind === 'rejected')
            for (const { kind } of reading.rejections) rejections.inc({ source: name, kind });
          return reading;
        } catch (error) {
          polls.inc({ source: name, outcome: 'failed' });
          throw error;
        } finally {
          stop();
        }
      };
      const made = Object.assign(Object.create(source), { read }) as S;
      wrapped.set(source, made);
      return made;
    },
  };
}
