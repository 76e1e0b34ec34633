import type { Tracing, TracingLog } from './tracing/contract.ts';

/**
 * By OpenTelemetry's own variables. Null, and nothing of it loaded, unless `OTEL_EXPORTER_OTLP_ENDPOINT` (or that of traces
 * alone) says where traces go. `service`: its name where `OTEL_SERVICE_NAME` gives none.
 */
export async function openTracing(
  { service, log }: { service: string; log: TracingLog },
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tracing | null> {
  const wanted = [env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']];
  if (wanted.every((url) => url === undefined || url.trim() === '')) return null;
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return null;
  const { startTracing } = await import('./tracing/start.ts');
  return startTracing(service, log);
}
