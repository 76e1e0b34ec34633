import { fileURLToPath } from 'node:url';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Failure } from '../plans/failures.ts';
import { environmentOf } from './selector.ts';
import type { FlagService } from './service.ts';

export interface SyncOptions {
  service: FlagService;
  host: string;
  /** 0: one that is free. */
  port: number;
}

/** A running flagd sync server. */
export interface SyncServer {
  port: number;
  /** Clients that follow the flags now. */
  streams(): number;
  stop(): Promise<void>;
}

interface FlagsRequest {
  providerId: string;
  selector: string;
}
interface FlagsResponse {
  flagConfiguration: string;
}
type FlagStream = ServerWritableStream<FlagsRequest, FlagsResponse>;

const SELECTOR_HEADER = 'flagd-selector';
/** A client whose machine went away without a word is noticed within 15 s. */
const KEEPALIVE = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/**
 * Serves flag definitions by flagd's sync contract to in-process providers. A client gets the newest state at once
 * and with every change; one that reads slowly skips what lies between.
 * @throws Failure PORT_BUSY
 */
export async function startSync({ service, host, port }: SyncOptions): Promise<SyncServer> {
  const server = new Server(KEEPALIVE);
  const streams = new Map<FlagStream, () => void>();

  const syncFlags: handleServerStreamingCall<FlagsRequest, FlagsResponse> = (stream) => {
    const asked = requested(service, stream);
    if ('refusal' in asked) {
      stream.emit('error', asked.refusal);
      return;
    }
    const stop = follow(service, asked.environment, stream);
    const gone = () => {
      stop();
      streams.delete(stream);
    };
    streams.set(stream, stop);
    stream.on('cancelled', gone).on('close', gone).on('error', gone);
  };

  const fetchAllFlags: handleUnaryCall<FlagsRequest, FlagsResponse> = (call, reply) => {
    const asked = requested(service, call);
    if ('refusal' in asked) reply(asked.refusal);
    else reply(null, { flagConfiguration: service.document(asked.environment).text });
  };

  // An empty answer breaks some providers; one with an empty struct does not.
  const getMetadata: handleUnaryCall<object, object> = (_call, reply) =>
    reply(null, { metadata: { fields: {} } });

  server.addService(contract(), { syncFlags, fetchAllFlags, getMetadata });
  const bound = await bind(server, host, port);
  return {
    port: bound,
    streams: () => streams.size,
    async stop() {
      // A stream that merely ends looks complete to flagd's JavaScript provider: it would not come back.
      for (const [stream, stopFollowing] of streams) {
        stopFollowing();
        stream.emit('error', refusal(status.UNAVAILABLE, 'This flag service is stopping.'));
      }
      streams.clear();
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(() => server.forceShutdown(), 200);
        server.tryShutdown(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
    },
  };
}

/** Sends the newest state, and again with each change; returns what ends it. */
function follow(service: FlagService, environment: string, stream: FlagStream): () => void {
  let sent: string | null = null;
  let full = false;

  function send(): void {
    const { text, version } = service.document(environment);
    if (full || version === sent || stream.cancelled) return;
    sent = version;
    // A client that does not keep up: the next state goes out when this one has, and then it is the newest.
    full = !stream.write({ flagConfiguration: text });
  }

  stream.on('drain', () => {
    full = false;
    send();
  });
  const unsubscribe = service.subscribe((changed) => {
    if (changed === environment) send();
  });
  send();
  return unsubscribe;
}

type Asked = { environment: string } | { refusal: Partial<StatusObject> & Error };

function requested(service: FlagService, call: { metadata: Metadata; request: FlagsRequest }): Asked {
  const [header] = call.metadata.get(SELECTOR_HEADER);
  const selector = header === undefined ? call.request.selector : String(header);
  const environment = environmentOf(selector);
  if (environment === null) {
    const details = `The selector "${selector}" is not understood: flagSetId=<environment> or <environment> is.`;
    return { refusal: refusal(status.INVALID_ARGUMENT, details) };
  }
  // An empty answer would take away from a client the flags that another server has given it.
  if (!service.ready()) {
    const details = 'No flag definitions yet: PostgreSQL does not answer and none are on disk.';
    return { refusal: refusal(status.UNAVAILABLE, details) };
  }
  return { environment };
}

function refusal(code: status, details: string): Partial<StatusObject> & Error {
  return Object.assign(new Error(details), { code, details });
}

function contract(): ServiceDefinition {
  const loaded = loadSync(fileURLToPath(new URL('./sync.proto', import.meta.url)), {
    longs: Number,
    defaults: true,
  });
  const service = loaded['flagd.sync.v1.FlagSyncService'];
  if (service === undefined || 'format' in service)
    throw new Failure('INTERNAL', 'sync.proto defines no sync service.');
  return service;
}

function bind(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      const taken = /EADDRINUSE/.test(error.message);
      const what = taken
        ? `Port ${port} on ${host} is taken`
        : `Cannot listen on ${address}: ${error.message}`;
      return reject(
        taken
          ? new Failure('PORT_BUSY', `${what}; flagd sync wants it.`, { where: address, cause: error })
          : new Failure('CONFIG_INVALID', `${what}.`, { where: address, cause: error }),
      );
    });
  });
}
