import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { answer } from './child.ts';
import { clock, ENVIRONMENT } from './messages.ts';

/** For each stream, the revisions of the watched flag in the order in which they came. */
const seen: { revision: number; at: number }[][] = [];
/** The watched flag is the first of the document, and its revision stands early. */
const HEAD = 1200;

function open(port: number): Promise<void> {
  const own: { revision: number; at: number }[] = [];
  seen.push(own);
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const metadata = new Metadata();
  metadata.set('flagd-selector', `flagSetId=${ENVIRONMENT}`);
  const stream = client.makeServerStreamRequest(
    '/flagd.sync.v1.FlagSyncService/SyncFlags',
    (bytes: Buffer) => bytes,
    (bytes) => bytes,
    Buffer.alloc(0),
    metadata,
  );
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('data', (bytes: Buffer) => {
      const revision = Number(/"revision":(\d+)/.exec(bytes.toString('latin1', 0, HEAD))?.[1] ?? -1);
      if (own.at(-1)?.revision !== revision) own.push({ revision, at: clock() });
      if (own.length > 100) own.splice(0, 50);
      resolve();
    });
  });
}

answer({
  'streams.open': async ({ port, count }) => {
    // In small groups, as clients come; a thousand at once would measure the listen queue.
    for (let first = 0; first < count; first += 25) {
      await Promise.all(Array.from({ length: Math.min(25, count - first) }, () => open(port)));
    }
    return null;
  },
  'streams.seen': async ({ revision }) => ({
    times: seen.flatMap((own) => own.find((entry) => entry.revision >= revision)?.at ?? []),
  }),
});
