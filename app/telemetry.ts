import type { FastifyBaseLogger } from 'fastify';
import { listenAt } from '../server/app.ts';
import type { TelemetryPage } from '../server/telemetry/page.ts';
import { createTelemetryServer } from '../server/telemetry/telemetry-server.ts';

/** Serves a process's metrics; null: port 0 says that nobody wants them. @throws Failure PORT_BUSY */
export async function openTelemetry(
  page: TelemetryPage,
  { host, port, logger }: { host: string; port: number; logger: FastifyBaseLogger },
): Promise<{ address: string; close(): Promise<void> } | null> {
  if (port === 0) return null;
  const app = createTelemetryServer(page, logger);
  const address = await listenAt(app, { host, port });
  return { address, close: () => app.close() };
}
