import { Failure } from '../../plans/failures.ts';
import type { Segments } from '../segments.ts';
import { createAzure } from './azure.ts';
import type { ProviderConfig, ProviderConfigs } from './config.ts';
import { createFile } from './file.ts';
import { createLaunchDarkly } from './launchdarkly.ts';
import { createObserve } from './observe.ts';
import type { Platform } from './platform.ts';
import { createUnleash } from './unleash.ts';
import { createWebhook } from './webhook.ts';

/** The platforms of tidegate.yaml by their names. Nothing is asked of them yet. @throws Failure CONFIG_INVALID */
export function openPlatforms(configs: ProviderConfigs, segments: Segments): Map<string, Platform> {
  const open = (name: string, config: ProviderConfig): Platform => {
    switch (config.kind) {
      case 'unleash':
        return createUnleash(name, config, segments);
      case 'launchdarkly':
        return createLaunchDarkly(name, config, segments);
      case 'azure':
        return createAzure(name, config);
      case 'webhook':
        return createWebhook(name, config);
      case 'file':
        return createFile(name, config, segments);
      case 'observe': {
        const of = configs[config.of];
        if (of !== undefined && of.kind !== 'observe') return createObserve(name, open(config.of, of));
        throw new Failure(
          'CONFIG_INVALID',
          `The provider "${name}" watches "${config.of}", which is no platform.`,
        );
      }
    }
  };
  return new Map(Object.entries(configs).map(([name, config]) => [name, open(name, config)]));
}
