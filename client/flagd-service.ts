import type { FlagdProvider } from '@openfeature/flagd-provider';

/** What evaluates inside flagd's in-process provider. The provider has it as a private field; the version is exact. */
export interface FlagdService {
  /** What stands here after the first connection is shown as the scope of each evaluation, and is used for nothing else. */
  config: { selector?: string };
  /** Takes a flag set as text and gives the keys of the flags that changed. Throws on what is no flag set. */
  setFlagConfiguration(text: string): string[];
}

/** Throws `TypeError` where flagd's provider is another than this package was built with. */
export function flagdServiceOf(provider: FlagdProvider): FlagdService {
  const service: unknown = Reflect.get(provider, '_service');
  if (!isFlagdService(service))
    throw new TypeError('flagProvider: this @openfeature/flagd-provider is not known.');
  return service;
}

function isFlagdService(service: unknown): service is FlagdService {
  if (typeof service !== 'object' || service === null) return false;
  if (!('config' in service && 'setFlagConfiguration' in service)) return false;
  const { config, setFlagConfiguration } = service;
  return typeof config === 'object' && config !== null && typeof setFlagConfiguration === 'function';
}
