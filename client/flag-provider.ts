import { FlagdProvider } from '@openfeature/flagd-provider';
import { asciiKeyHook } from './ascii-key.ts';
import { flagdServiceOf } from './flagd-service.ts';
import { type FlagdAddresses, flagdOptions } from './provider.ts';

/**
 * flagd's in-process provider with Tidegate's options and keys in ASCII, so that every service gives a user the same
 * variant: `await OpenFeature.setProviderAndWait(flagProvider({ addresses, environment }))`.
 */
export function flagProvider(addresses: FlagdAddresses): FlagdProvider {
  const provider = new FlagdProvider(flagdOptions(addresses));
  const service = flagdServiceOf(provider);
  // The selector is shown as the scope of evaluations, in hooks and logs, and a token may stand in it.
  service.config = { ...service.config, selector: addresses.environment };
  // A provider brings its own hooks to every client; `hooks` is read-only in the type alone.
  return Object.assign(provider, { hooks: [...(provider.hooks ?? []), asciiKeyHook] });
}
