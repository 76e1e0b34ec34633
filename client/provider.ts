import { isIPv4, isIPv6 } from 'node:net';
import type { FlagdProvider } from '@openfeature/flagd-provider';

type FlagdProviderOptions = NonNullable<ConstructorParameters<typeof FlagdProvider>[0]>;

export interface FlagdAddresses {
  /** `host:port` of the sync services, the preferred one first: the server's, then the worker's. IPv6 as `[::1]:8015`. */
  addresses: readonly string[];
  /** The environment whose flags are wanted. */
  environment: string;
  /** One flag set of that environment; default: all its flags. */
  flagSet?: string;
  /** Where the services ask for one: `tidegate flags tokens create` prints it. A wrong one ends the attempts. */
  token?: string;
  /**
   * True: the services' certificate is signed by an authority that Node trusts; else the path of the authority's file.
   * It is checked against the name: name one host, whose DNS entry may have several addresses. Default: no TLS.
   */
  tls?: boolean | { certPath: string };
}

interface Address {
  host: string;
  port: number;
}

/**
 * Options for flagd's in-process provider, so that flags come from Tidegate and keep coming when one of its sync
 * services is gone: `OpenFeature.setProvider(new FlagdProvider(flagdOptions({ addresses, environment })))`.
 *
 * The provider takes one host and one port and joins them with a colon; gRPC's `ipv4:` and `ipv6:` targets are lists,
 * so the host carries all addresses but the last port. Several addresses must be IP addresses of one family.
 * Throws `TypeError` on anything else.
 */
export function flagdOptions({
  addresses,
  environment,
  flagSet,
  token,
  tls = false,
}: FlagdAddresses): FlagdProviderOptions {
  const parsed = addresses.map(parse);
  const last = parsed.at(-1);
  if (last === undefined) throw new TypeError('flagdOptions: at least one address is needed.');
  if (tls !== false && parsed.length > 1)
    throw new TypeError('flagdOptions: with TLS name one host, as its certificate does.');
  return {
    resolverType: 'in-process',
    host: parsed.length === 1 ? last.host : list(parsed, last),
    port: last.port,
    tls: tls !== false,
    ...(typeof tls === 'object' ? { certPath: tls.certPath } : {}),
    // This provider sends no headers of its own: its token stands in the selector.
    selector: selectorOf({ environment, flagSet, token }),
    ...(token === undefined ? {} : { fatalStatusCodes: ['UNAUTHENTICATED', 'PERMISSION_DENIED'] }),
    // A stream that ends with an error waits this long, and the default of five seconds would delay a kill by as much.
    retryBackoffMaxMs: 100,
    // By default the stream is cut every ten minutes, and a change in that gap arrives late.
    streamDeadlineMs: 0,
    // A peer that hangs without closing its connection is noticed by pings.
    keepAliveTime: 5_000,
  };
}

function selectorOf({
  environment,
  flagSet,
  token,
}: Record<'flagSet' | 'token', string | undefined> & { environment: string }): string {
  const flags =
    flagSet === undefined ? `flagSetId=${environment}` : `environment=${environment},flagSetId=${flagSet}`;
  return token === undefined ? flags : `${flags},token=${token}`;
}

function list(addresses: readonly Address[], last: Address): string {
  const four = addresses.every(({ host }) => isIPv4(host));
  const six = addresses.every(({ host }) => host.startsWith('[') && isIPv6(host.slice(1, -1)));
  if (!four && !six) {
    throw new TypeError(
      'flagdOptions: several addresses must be IP addresses of one family, like 127.0.0.1:8015.',
    );
  }
  const before = addresses.slice(0, -1).map(({ host, port }) => `${host}:${port}`);
  return `${four ? 'ipv4' : 'ipv6'}:${[...before, last.host].join(',')}`;
}

function parse(address: string): Address {
  const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || !(port >= 1 && port <= 65_535)) {
    throw new TypeError(`flagdOptions: "${address}" is not host:port.`);
  }
  return { host: match[1], port };
}
