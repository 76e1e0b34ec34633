import type { Client, EvaluationContext, EvaluationDetails, FlagValue } from '@openfeature/server-sdk';
import type { Assignment } from './assignment.ts';
import type { Cohort } from './cohort.ts';

/** Of which type a flag's values are, and which variant is the new path. */
export interface FlagShape {
  type?: 'boolean' | 'string' | 'number' | 'object';
  /** Default `off`. */
  baseline?: string;
  /** Default `on`; a boolean flag needs neither. */
  canary?: string;
}

export interface AssignmentRules {
  client: Client;
  flags: Readonly<Record<string, FlagShape>>;
  audience: (context: EvaluationContext) => Cohort['audience'];
  tenant: (context: EvaluationContext) => string | undefined;
  /** Applied before the flag sees the context, for instance to make keys ASCII. */
  transform: ((context: EvaluationContext) => EvaluationContext) | null;
}

const BOOLEAN: FlagShape = {};

/**
 * Evaluates a flag. Never rejects: what cannot be evaluated is the baseline, with the reason `ERROR`
 * and OpenFeature's code.
 */
export async function evaluate(
  rules: AssignmentRules,
  { flag, context }: { flag: string; context: EvaluationContext },
): Promise<Assignment> {
  const shape = Object.hasOwn(rules.flags, flag) ? (rules.flags[flag] ?? BOOLEAN) : BOOLEAN;
  const { baseline = 'off', canary = 'on' } = shape;
  const base = { flag, user: context.targetingKey ?? '', context };
  try {
    const seen = rules.transform === null ? context : rules.transform(context);
    const details = await ask(rules.client, { type: shape.type ?? 'boolean', flag, context: seen });
    const { value, variant } = details;
    const chosen = typeof value === 'boolean' ? value : variant === canary;
    const tenant = rules.tenant(context);
    const assigned: Assignment = {
      ...base,
      cohort: chosen ? 'canary' : 'baseline',
      variant: variant ?? (chosen ? canary : baseline),
      audience: rules.audience(context),
      reason: details.reason ?? 'UNKNOWN',
      metadata: details.flagMetadata,
    };
    if (tenant !== undefined) assigned.tenant = tenant;
    if (details.errorCode !== undefined) assigned.errorCode = details.errorCode;
    return assigned;
  } catch {
    return {
      ...base,
      cohort: 'baseline',
      variant: baseline,
      audience: 'public',
      reason: 'ERROR',
      errorCode: 'GENERAL',
      metadata: {},
    };
  }
}

interface Question {
  type: NonNullable<FlagShape['type']>;
  flag: string;
  context: EvaluationContext;
}

function ask(client: Client, { type, flag, context }: Question): Promise<EvaluationDetails<FlagValue>> {
  switch (type) {
    case 'boolean':
      return client.getBooleanDetails(flag, false, context);
    case 'string':
      return client.getStringDetails(flag, '', context);
    case 'number':
      return client.getNumberDetails(flag, 0, context);
    case 'object':
      return client.getObjectDetails(flag, {}, context);
  }
}
