import type { Client, EvaluationContext, EvaluationDetails, FlagValue } from '@openfeature/server-sdk';
import type { Assignment } from './assignment.ts';
import type { Cohort } from './cohort.ts';
import { isThenable } from './thenable.ts';

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

export interface Asked {
  flag: string;
  context: EvaluationContext;
  /** Told the assignment before the caller is: one promise less than waiting for it. */
  assigned?: (assignment: Assignment) => void;
}

const BOOLEAN: FlagShape = {};

/**
 * Evaluates a flag. Never rejects: what cannot be evaluated is the baseline, with the reason `ERROR`
 * and OpenFeature's code.
 */
export function evaluate(rules: AssignmentRules, asked: Asked): Promise<Assignment> {
  return evaluateAnd(rules, asked, (assignment) => assignment);
}

/** The same, and `next` with it, as one promise: each one more costs a part of the evaluation. Rejects only as `next` does. */
export async function evaluateAnd<T>(
  rules: AssignmentRules,
  ...[{ flag, context, assigned }, next]: [Asked, (assignment: Assignment) => T | Promise<T>]
): Promise<T> {
  const shape = Object.hasOwn(rules.flags, flag) ? (rules.flags[flag] ?? BOOLEAN) : BOOLEAN;
  const { baseline = 'off', canary = 'on' } = shape;
  let assignment: Assignment;
  try {
    const seen = rules.transform === null ? context : rules.transform(context);
    const details = await ask(rules.client, { type: shape.type ?? 'boolean', flag, context: seen });
    const { value, variant } = details;
    const chosen = typeof value === 'boolean' ? value : variant === canary;
    // Field by field: to spread one object into another costs as much as the evaluation itself.
    assignment = {
      flag,
      variant: variant ?? (chosen ? canary : baseline),
      cohort: chosen ? 'canary' : 'baseline',
      audience: rules.audience(context),
      user: context.targetingKey ?? '',
      tenant: rules.tenant(context),
      reason: details.reason ?? 'UNKNOWN',
      errorCode: details.errorCode,
      metadata: details.flagMetadata,
      context,
    };
  } catch {
    assignment = {
      flag,
      variant: baseline,
      cohort: 'baseline',
      audience: 'public',
      user: context.targetingKey ?? '',
      tenant: undefined,
      reason: 'ERROR',
      errorCode: 'GENERAL',
      metadata: {},
      context,
    };
  }
  assigned?.(assignment);
  const answer = next(assignment);
  return isThenable(answer) ? await answer : answer;
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
