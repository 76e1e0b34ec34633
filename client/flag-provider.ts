import { FlagdProvider } from '@openfeature/flagd-provider';
import { asciiContext } from './ascii-key.ts';
import { flagdServiceOf } from './flagd-service.ts';
import { keepDefinitions } from './keep.ts';
import { type FlagdAddresses, flagdOptions } from './provider.ts';

export interface FlagProviderOptions extends FlagdAddresses {
  /** A file, one for each environment: the last definitions are kept there, and it starts from them while no service answers. */
  keep?: string;
}

/**
 * flagd's in-process provider with Tidegate's options and keys in ASCII, so that every service gives a user the same
 * variant: `await OpenFeature.setProviderAndWait(flagProvider({ addresses, environment }))`.
 */
export function flagProvider({ keep, ...addresses }: FlagProviderOptions): FlagdProvider {
  const { environment, flagSet } = addresses;
  const provider = new FlagdProvider(flagdOptions(addresses));
  const service = flagdServiceOf(provider);
  // The selector is shown as the scope of evaluations, in hooks and logs, and a token may stand in it.
  service.config = { ...service.config, selector: environment };
  if (keep !== undefined)
    keepDefinitions({ provider, service }, { file: keep, of: { environment, flagSet } });
  writeKeysInAscii(provider);
  return provider;
}

/** Not by a hook: OpenFeature awaits four calls of each for every evaluation, which costs more than the evaluation. */
function writeKeysInAscii(provider: FlagdProvider): void {
  const own = {
    boolean: provider.resolveBooleanEvaluation.bind(provider),
    string: provider.resolveStringEvaluation.bind(provider),
    number: provider.resolveNumberEvaluation.bind(provider),
    object: provider.resolveObjectEvaluation.bind(provider),
  };
  provider.resolveBooleanEvaluation = (key, value, context, logger) =>
    own.boolean(key, value, asciiContext(context), logger);
  provider.resolveStringEvaluation = (key, value, context, logger) =>
    own.string(key, value, asciiContext(context), logger);
  provider.resolveNumberEvaluation = (key, value, context, logger) =>
    own.number(key, value, asciiContext(context), logger);
  provider.resolveObjectEvaluation = (key, value, context, logger) =>
    own.object(key, value, asciiContext(context), logger);
}
