import { type Client, DefaultLogger, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { flagProvider } from '../../client/flag-provider.ts';
import type { FlagdAddresses } from '../../client/provider.ts';

export interface User {
  id: string;
  email: string;
  region: string;
}

/** Which path serves a user: `variant` labels the metrics, `on` decides. */
export interface Decision {
  flag: string;
  variant: string;
  on: boolean;
}

export interface Decisions {
  decide(flag: string, user: User): Promise<Decision>;
  /** Calls back with the keys of the flags whose definition changed. */
  onChange(listener: (flags: readonly string[]) => void): void;
  /** The number of the flag's last change of exposure; null for a flag that has none. */
  revision(flag: string): Promise<number | null>;
  /** The provider's status, `READY` once definitions have arrived. */
  status(): string;
  close(): Promise<void>;
}

let instances = 0;

/**
 * The shop's flags, through OpenFeature's server SDK and flagd's in-process provider. Until definitions arrive, and
 * for a flag that nobody has defined, everybody is served by the old path.
 */
export function decisions(flagd: FlagdAddresses): Decisions {
  // A domain of its own, so that several shops can live in one process.
  instances += 1;
  const domain = `shop-${instances}`;
  const provider = flagProvider(flagd);
  OpenFeature.setLogger(QUIET);
  OpenFeature.setProvider(domain, provider);
  const client = OpenFeature.getClient(domain);
  return {
    decide: (flag, user) => decide(client, flag, user),
    onChange: (listener) =>
      client.addHandler(ProviderEvents.ConfigurationChanged, (event) => listener(event?.flagsChanged ?? [])),
    async revision(flag) {
      const { flagMetadata } = await client.getBooleanDetails(flag, false, {});
      return typeof flagMetadata.revision === 'number' ? flagMetadata.revision : null;
    },
    status: () => client.providerStatus,
    close: () => provider.onClose(),
  };
}

async function decide(client: Client, flag: string, { id, email, region }: User): Promise<Decision> {
  const context = { targetingKey: id, userId: id, email, region };
  const { value, variant } = await client.getBooleanDetails(flag, false, context);
  return { flag, on: value, variant: variant ?? (value ? 'on' : 'off') };
}

/** The SDK reports an undefined flag at every evaluation; the status says all that the shop needs to know. */
const QUIET = Object.assign(new DefaultLogger(), { error() {}, warn() {}, info() {}, debug() {} });
