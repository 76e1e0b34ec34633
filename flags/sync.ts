import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  Server,
  type ServerWritableStream,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { type FlagAccess, openAccess, type Verdict } from './access.ts';
import { readSelector, type Scope, selected } from './selector.ts';
import type { FlagService } from './service.ts';
import { type Broadcast, createBroadcast } from './sync-broadcast.ts';
import { type DocumentMessage, type FlagsRequest, messageOf, syncContract } from './sync-contract.ts';
import { bindSync } from './sync-listener.ts';
import type { TlsFiles } from './tls.ts';
import { bearerOf } from './token.ts';

export interface SyncOptions {
  service: FlagService;
  host: string;
  /** 0: one that is free. */
  port: number;
  /** Default: everybody who reaches the port. */
  access?: FlagAccess;
  /** PEM files; without them, plain text. */
  tls?: TlsFiles | null;
  /** A client that takes nothing for this long is cut off. Default 30 s. */
  stalledMs?: number;
  /** A client is asked this often whether it is still there, and has so long to answer. Default 10 s, 5 s. */
  keepAlive?: { everyMs: number; answerMs: number };
}

/** A running flagd sync server. */
export interface SyncServer {
  port: number;
  /** Clients that follow the flags now. */
  streams(): number;
  stop(): Promise<void>;
}

type FlagStream = ServerWritableStream<FlagsRequest, DocumentMessage>;

const SELECTOR_HEADER = 'flagd-selector';
const STALLED_MS = 30_000;
/** A client whose machine went away without a word is noticed within 15 s. */
const KEEP_ALIVE = { everyMs: 10_000, answerMs: 5_000 };
const OPTIONS = {
  'grpc.keepalive_permit_without_calls': 1,
  // A request is a selector: what is longer is a mistake.
  'grpc.max_receive_message_length': 64 * 1024,
};

/**
 * Serves flag definitions by flagd's sync contract to in-process providers. A client gets the newest state at once
 * and with every change; one that reads slowly skips what lies between, and one that does not read at all is cut off.
 * @throws Failure PORT_BUSY, CONFIG_INVALID
 */
export async function startSync(options: SyncOptions): Promise<SyncServer> {
  const { service, access = openAccess, stalledMs = STALLED_MS, keepAlive = KEEP_ALIVE } = options;
  const server = new Server({
    ...OPTIONS,
    'grpc.keepalive_time_ms': keepAlive.everyMs,
    'grpc.keepalive_timeout_ms': keepAlive.answerMs,
  });
  const listener = await bindSync(server, options);
  const broadcast = createBroadcast(service, access, { stalledMs, cut: listener.cut });

  const syncFlags: handleServerStreamingCall<FlagsRequest, DocumentMessage> = (stream) => {
    // Heard before the answer of a slow look at the token, or it would be followed for ever.
    stream.on('error', () => undefined);
    void requested(service, access, stream).then((asked) => {
      if ('refusal' in asked) stream.emit('error', asked.refusal);
      else if (!stream.cancelled) follow(broadcast, stream, asked);
    });
  };

  const fetchAllFlags: handleUnaryCall<FlagsRequest, DocumentMessage> = (call, reply) => {
    void requested(service, access, call).then((asked) => {
      if ('refusal' in asked) reply(asked.refusal);
      else reply(null, messageOf(service.document(asked.environment, asked.flagSet)));
    });
  };

  // An empty answer breaks some providers; one with an empty struct does not.
  const getMetadata: handleUnaryCall<Partial<FlagsRequest>, object> = ({ request }, reply) => {
    if (request.selector === null) reply(unreadable());
    else reply(null, { metadata: { fields: {} } });
  };

  server.addService(syncContract(), { syncFlags, fetchAllFlags, getMetadata });
  return {
    port: listener.port,
    streams: () => broadcast.size(),
    async stop() {
      // A stream that merely ends looks complete to flagd's JavaScript provider: it would not come back.
      broadcast.stop(refusal(status.UNAVAILABLE, 'This flag service is stopping.'));
      await listener.stop();
    },
  };
}

function follow(
  broadcast: Broadcast,
  stream: FlagStream,
  { environment, flagSet, tokenId }: Scope & { tokenId: string | null },
): void {
  const follower = broadcast.add({
    environment,
    flagSet,
    tokenId,
    peer: stream.getPeer(),
    send: (message, taken) => void (stream.cancelled || stream.write(message, () => taken())),
    end: (why) => void stream.emit('error', why),
  });
  const gone = () => follower.gone();
  stream.on('cancelled', gone).on('close', gone).on('error', gone);
}

type Refusal = Partial<StatusObject> & Error;
type Asked = (Scope & { tokenId: string | null }) | { refusal: Refusal };

async function requested(
  service: FlagService,
  access: FlagAccess,
  call: { metadata: Metadata; request: FlagsRequest },
): Promise<Asked> {
  if (call.request.selector === null) return { refusal: unreadable() };
  const [header] = call.metadata.get(SELECTOR_HEADER);
  const selector = readSelector(header === undefined ? call.request.selector : String(header));
  if (selector === null) {
    const details = 'The selector is not understood: environment=<environment>,flagSetId=<flag set> is.';
    return { refusal: refusal(status.INVALID_ARGUMENT, details) };
  }
  const [authorization] = call.metadata.get('authorization');
  const token = bearerOf(authorization?.toString()) ?? selector.token;
  const { environment, flagSet } = selected(selector);
  const verdict = await access.check({ environment, token });
  if (verdict.kind !== 'allowed') return { refusal: refusal(codeOf(verdict), verdict.why) };
  // An empty answer would take away from a client the flags that another server has given it.
  if (!service.ready()) {
    const details = 'No flag definitions yet: PostgreSQL does not answer and none are on disk.';
    return { refusal: refusal(status.UNAVAILABLE, details) };
  }
  return { ...verdict, flagSet };
}

function codeOf({ kind }: Exclude<Verdict, { kind: 'allowed' }>): status {
  return kind === 'elsewhere' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
}

function unreadable(): Refusal {
  return refusal(status.INVALID_ARGUMENT, 'The request is no message of flagd.sync.v1.');
}

function refusal(code: status, details: string): Refusal {
  return Object.assign(new Error(details), { code, details });
}
