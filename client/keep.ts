import type { FlagdProvider } from '@openfeature/flagd-provider';
import { ErrorCode, OpenFeatureError, ServerProviderEvents } from '@openfeature/server-sdk';
import type { FlagdService } from './flagd-service.ts';
import { type KeptOf, keptDefinitions } from './kept-definitions.ts';

/**
 * Keeps each flag set that the provider takes, and lets it start from the one that was kept when no service answers. A
 * service that refuses the token has answered: then it does not start. The provider goes on trying, as it does after an
 * outage, and says `STALE`, later `ERROR`, and `READY` when a service is back.
 */
export function keepDefinitions(
  { provider, service }: { provider: FlagdProvider; service: FlagdService },
  { file, of }: { file: string; of: KeptOf },
): void {
  const kept = keptDefinitions(file, of);
  const take = service.setFlagConfiguration.bind(service);
  const initialize = provider.initialize.bind(provider);
  const onClose = provider.onClose.bind(provider);
  let live = false;
  let fromDisk = false;

  service.setFlagConfiguration = (text) => {
    const flagsChanged = take(text);
    live = true;
    kept.write(text);
    // After a start without a service flagd's provider tells of no change.
    if (fromDisk && flagsChanged.length > 0) {
      provider.events.emit(ServerProviderEvents.ConfigurationChanged, { flagsChanged });
    }
    return flagsChanged;
  };
  provider.initialize = async () => {
    try {
      await initialize();
    } catch (error) {
      if (error instanceof OpenFeatureError && error.code === ErrorCode.PROVIDER_FATAL) throw error;
      const text = await kept.read().catch((cause: unknown) => {
        process.emitWarning(`The definitions of flags in ${file} cannot be read: ${String(cause)}`);
        return null;
      });
      // A service may have come while the disk was read.
      if (!live) {
        if (text === null) throw error;
        take(text);
      }
      fromDisk = true;
    }
  };
  provider.onClose = async () => {
    await onClose();
    await kept.settled();
  };
}
