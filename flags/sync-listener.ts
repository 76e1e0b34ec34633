import { createServer, type Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { Failure } from '../plans/failures.ts';
import { codeOf } from './files.ts';
import { readTls, type TlsFiles } from './tls.ts';

export interface SyncListener {
  port: number;
  /** Ends a connection, by host and port of its other side. */
  cut(peer: string): void;
  stop(): Promise<void>;
}

const FAREWELL_MS = 200;

/**
 * Accepts connections for a gRPC server. gRPC offers no way to end one client that does not read, so the sockets are
 * accepted here. @throws Failure PORT_BUSY, CONFIG_INVALID
 */
export async function bindSync(
  server: Server,
  { host, port, tls }: { host: string; port: number; tls?: TlsFiles | null },
): Promise<SyncListener> {
  const injector = server.createConnectionInjector(credentialsOf(tls ?? null));
  const sockets = new Map<string, Socket>();
  const acceptor = createServer((socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    sockets.set(peer, socket);
    socket.on('close', () => sockets.delete(peer)).on('error', () => undefined);
    socket.setNoDelay(true);
    injector.injectConnection(socket);
  });
  const bound = await new Promise<number>((resolve, reject) => {
    acceptor.once('error', (error) => reject(refusedPort(error, host, port)));
    acceptor.listen({ host, port, backlog: 4096 }, () => {
      const address = acceptor.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
  return {
    port: bound,
    cut: (peer) => void sockets.get(peer)?.destroy(),
    async stop() {
      const closed = new Promise<void>((resolve) => acceptor.close(() => resolve()));
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(() => server.forceShutdown(), FAREWELL_MS);
        server.tryShutdown(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
      for (const socket of sockets.values()) socket.destroy();
      await closed;
    },
  };
}

function credentialsOf(tls: TlsFiles | null): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure();
  const { cert, key } = readTls(tls);
  return ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }]);
}

function refusedPort(error: unknown, host: string, port: number): Failure {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (codeOf(error) === 'EADDRINUSE') {
    const what = `Port ${port} on ${host} is taken; flagd sync wants it.`;
    return new Failure('PORT_BUSY', what, { where, cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure('CONFIG_INVALID', `Cannot listen on ${where}: ${reason}.`, { where, cause: error });
}
