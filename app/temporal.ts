import { readFileSync } from 'node:fs';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { Config } from './config.ts';
import type { Tracing } from './tracing/contract.ts';

type TemporalConfig = Config['temporal'];

type Tls = NonNullable<ConnectionOptions['tls']>;

export interface ReachTemporal {
  address: string;
  tls?: Tls;
  apiKey?: string;
}

/** What both kinds of connection (the client's and the worker's) are told. */
export function connectionOptions(temporal: TemporalConfig): ReachTemporal {
  const tls = tlsOf(temporal);
  return {
    address: temporal.address,
    ...(tls === undefined ? {} : { tls }),
    ...(temporal.apiKey === undefined ? {} : { apiKey: temporal.apiKey }),
  };
}

function tlsOf({ tls, apiKey }: TemporalConfig): Tls | undefined {
  // Temporal Cloud takes API keys over TLS only.
  if (tls === undefined) return apiKey === undefined ? undefined : true;
  return {
    ...(tls.serverName === undefined ? {} : { serverNameOverride: tls.serverName }),
    ...(tls.ca === undefined ? {} : { serverRootCACertificate: readFileSync(tls.ca) }),
    ...(tls.cert === undefined || tls.key === undefined
      ? {}
      : { clientCertPair: { crt: readFileSync(tls.cert), key: readFileSync(tls.key) } }),
  };
}

/** A client that connects with its first call, so that it can be made while Temporal is down. */
export function openTemporalClient(
  { temporal }: Pick<Config, 'temporal'>,
  tracing: Tracing | null = null,
): Client {
  return new Client({
    connection: Connection.lazy(connectionOptions(temporal)),
    namespace: temporal.namespace,
    ...(tracing === null ? {} : { interceptors: { workflow: [tracing.client] } }),
  });
}
