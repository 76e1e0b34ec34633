import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import type { Settings } from './settings.ts';

/**
 * Follows the event stream that Tidegate's answer names, and polls where a proxy lets none through. Flags of the last
 * visit are used only while Tidegate does not answer.
 */
export function tidegateProvider({ url, environment, token, pollMs }: Settings): OFREPWebProvider {
  return new OFREPWebProvider({
    baseUrl: url,
    headers: [
      ['flagd-selector', `flagSetId=${environment}`],
      ...(token === null ? [] : [['authorization', `Bearer ${token}`] satisfies [string, string]]),
    ],
    pollInterval: pollMs,
    cacheMode: 'network-first',
    // The provider's own key does not know the environment.
    cacheKeyGenerator: (input) => JSON.stringify([environment, input.url, input.auth, input.targetingKey]),
  });
}
