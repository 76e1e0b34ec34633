import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiagLogLevel, diag, SpanKind } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Tracing, TracingLog } from './contract.ts';
import { tracedFlags } from './flag-writes.ts';
import { traceRequests } from './requests.ts';
import { createSpans } from './spans.ts';
import { activityInterceptors, clientInterceptor } from './temporal.ts';

/** For what is left when the process ends. */
const LAST_MS = 2_000;

/** Where traces go, which of them and under what name is said by OpenTelemetry's variables, which its packages read. */
export function startTracing(service: string, log: TracingLog): Tracing {
  const told = (text: string, ...details: unknown[]) => log.warn({ part: 'traces', details }, text);
  const ignored = () => undefined;
  diag.setLogger(
    { error: told, warn: told, info: ignored, debug: ignored, verbose: ignored },
    DiagLogLevel.WARN,
  );
  const own = resourceFromAttributes({ 'service.name': service, 'host.name': hostname() });
  const provider = new BasicTracerProvider({
    // What the environment says comes last and counts.
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const spans = createSpans(provider.getTracer('tidegate'));
  return {
    requests: (app) => traceRequests(app, spans),
    client: clientInterceptor(spans),
    activities: activityInterceptors(spans),
    flags: (flags) => tracedFlags(flags, spans),
    alone: (name, attributes, work) => spans.within({ name, kind: SpanKind.INTERNAL, attributes }, work),
    stop: async () => {
      // A receiver that is away does not keep the process from ending.
      const sent = provider.shutdown().catch(() => undefined);
      await Promise.race([sent, sleep(LAST_MS, undefined, { ref: false })]);
    },
  };
}
