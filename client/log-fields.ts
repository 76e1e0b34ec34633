import { createHash, createHmac } from 'node:crypto';
import type { Assignment } from './assignment.ts';

export interface LogFields {
  flag: string;
  variant: string;
  cohort: 'baseline' | 'canary';
  tenant?: string;
  /** The user as a hash: the same user is the same in every line and every service, and no name stands in the log. */
  user?: string;
}

export interface LogFieldOptions {
  /** A secret of the company: without it, a hash of a guessable key (a mail address) can be guessed. */
  secret?: string;
}

/** Fields for a log line about a passage: `log.info(logFields(assignment), 'priced')` with pino. */
export function logFields(assignment: Assignment, { secret }: LogFieldOptions = {}): LogFields {
  const { flag, variant, cohort, tenant, user } = assignment;
  return {
    flag,
    variant,
    cohort,
    ...(tenant === undefined ? {} : { tenant }),
    ...(user === '' ? {} : { user: hashUser(user, secret) }),
  };
}

/** 16 hexadecimal digits of SHA-256, or of its HMAC where there is a secret. */
export function hashUser(user: string, secret?: string): string {
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  return hash.update(user).digest('hex').slice(0, 16);
}
