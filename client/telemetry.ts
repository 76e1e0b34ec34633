import { createEvaluationEvent, type Hook, TelemetryAttribute } from '@openfeature/server-sdk';
import { type Attributes, trace } from '@opentelemetry/api';

export interface TelemetryOptions {
  /** What is written of the targeting key as `feature_flag.context.id`; null: nothing. Default: the key as it is. */
  contextId?: (targetingKey: string) => string | null;
}

/**
 * A hook of OpenFeature that puts each evaluation on the active span as the event `feature_flag.evaluation`, named as the
 * semantic conventions of OpenTelemetry do: `OpenFeature.addHooks(telemetryHook())`. Without a span it does nothing.
 * The names are those of OpenFeature's SDK; the set is the environment and the version is the flag's revision.
 */
export function telemetryHook({ contextId = (key) => key }: TelemetryOptions = {}): Hook {
  return {
    finally(context, details) {
      const span = trace.getActiveSpan();
      if (span?.isRecording() !== true) return;
      const { name, attributes } = createEvaluationEvent(context, details);
      const { environment, revision } = details.flagMetadata;
      const { targetingKey } = context.context;
      const written: Attributes = {
        // A flag set is an environment; OFREP answers one flag without its set.
        ...(environment === undefined ? {} : { [TelemetryAttribute.FLAG_SET_ID]: String(environment) }),
        ...(revision === undefined ? {} : { [TelemetryAttribute.VERSION]: String(revision) }),
        ...attributes,
      };
      // Where a variant is known the conventions leave the value out, which may be large or private.
      if (details.variant !== undefined) delete written[TelemetryAttribute.VALUE];
      delete written[TelemetryAttribute.CONTEXT_ID];
      const id = targetingKey === undefined || targetingKey === '' ? null : contextId(targetingKey);
      if (id !== null) written[TelemetryAttribute.CONTEXT_ID] = id;
      span.addEvent(name, written);
    },
  };
}
