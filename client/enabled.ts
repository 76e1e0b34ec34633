import { type EvaluationContext, OpenFeature } from '@openfeature/server-sdk';

/**
 * Whether a boolean flag is on for this user, asked of OpenFeature's client without a domain: for the simple case, with
 * neither metrics nor fallback. False for a flag that nobody has defined, and while there are no definitions.
 */
export function isEnabled(key: string, context: EvaluationContext): Promise<boolean> {
  return OpenFeature.getClient().getBooleanValue(key, false, context);
}
