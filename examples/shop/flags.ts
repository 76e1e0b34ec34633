import { type Client, DefaultLogger, type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';
import { flagProvider } from '../../client/flag-provider.ts';
import type { FlagdAddresses } from '../../client/provider.ts';

export interface User {
  id: string;
  email: string;
  region: string;
}

export interface Flags {
  client: Client;
  /** The provider's status, `READY` once definitions have arrived. */
  status(): string;
  close(): Promise<void>;
}

let instances = 0;

/**
 * The shop's flags, through OpenFeature's server SDK and flagd's in-process provider. Until definitions arrive, and
 * for a flag that nobody has defined, everybody is served by the old path.
 */
export function flagsFrom(flagd: FlagdAddresses): Flags {
  // A domain of its own, so that several shops can live in one process.
  instances += 1;
  const domain = `shop-${instances}`;
  const provider = flagProvider(flagd);
  OpenFeature.setLogger(QUIET);
  OpenFeature.setProvider(domain, provider);
  const client = OpenFeature.getClient(domain);
  return { client, status: () => client.providerStatus, close: () => provider.onClose() };
}

/** The companies that the users work for: every so many users one. */
export const TENANTS = 40;

/** What the flags may know of a user. */
export function contextOf({ id, email, region }: User): EvaluationContext {
  return { targetingKey: id, userId: id, email, region, tenant: tenantOf(id) };
}

/** `user-83` works for `tenant-3`. */
export function tenantOf(id: string): string {
  const number = Number(/\d+$/.exec(id)?.[0] ?? 0);
  return `tenant-${number % TENANTS}`;
}

/** The SDK reports an undefined flag at every evaluation; the status says all that the shop needs to know. */
const QUIET = Object.assign(new DefaultLogger(), { error() {}, warn() {}, info() {}, debug() {} });
