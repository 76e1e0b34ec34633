import { pino } from 'pino';
import { openAccess } from '../../../flags/access.ts';
import { startEvaluationCounts } from '../../../flags/evaluation-counts.ts';
import { startFlagService } from '../../../flags/service.ts';
import { startSync } from '../../../flags/sync.ts';
import { createDeliveryServer } from '../../../server/delivery-server.ts';
import { openDatabase } from '../../../store/connection.ts';
import { createEvaluationStore } from '../../../store/evaluations.ts';
import { createFlagStore } from '../../../store/flags.ts';
import { answer } from './child.ts';

const logger = pino({ level: 'warn' });
let streams = () => 0;

answer({
  'server.start': async ({ databaseUrl, dataDir }) => {
    const database = openDatabase(databaseUrl);
    const flagStore = createFlagStore(database);
    const service = await startFlagService({ flagStore, databaseUrl, dataDir, segments: {}, log: logger });
    const sync = await startSync({ service, host: '127.0.0.1', port: 0 });
    streams = sync.streams;
    const delivery = {
      service,
      access: openAccess,
      publicUrl: null,
      limit: null,
      origins: [],
      // As a server has them, written sixty times as often.
      counts: startEvaluationCounts({ store: createEvaluationStore(database), log: logger, everyMs: 1000 }),
      now: () => Date.now(),
    };
    const app = createDeliveryServer(delivery, { logger, tls: null });
    return { sync: sync.port, http: await app.listen({ host: '127.0.0.1', port: 0 }) };
  },
  'server.memory': async () => {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    return { heapMB: heapUsed / 1e6, rssMB: rss / 1e6, streams: streams() };
  },
});
