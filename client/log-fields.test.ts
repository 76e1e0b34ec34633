import { expect, test } from 'vitest';
import type { Assignment } from './assignment.ts';
import { hashUser, logFields } from './log-fields.ts';

const assignment: Assignment = {
  flag: 'pricing-v2',
  variant: 'on',
  cohort: 'canary',
  audience: 'public',
  user: 'ada@example.com',
  tenant: 'acme',
  reason: 'TARGETING_MATCH',
  errorCode: undefined,
  metadata: {},
  context: { targetingKey: 'ada@example.com', tenant: 'acme' },
};

test('a log line tells flag, variant, cohort and tenant, and the user as a hash alone', () => {
  const fields = logFields(assignment);
  expect(fields).toEqual({
    flag: 'pricing-v2',
    variant: 'on',
    cohort: 'canary',
    tenant: 'acme',
    user: hashUser('ada@example.com'),
  });
  expect(fields.user).toMatch(/^[0-9a-f]{16}$/);
  expect(JSON.stringify(fields)).not.toContain('ada');
});

test('the hash is the same for the same user, and another with a secret', () => {
  const user = (secret?: string) => logFields(assignment, secret === undefined ? {} : { secret }).user;
  expect(user()).toBe(user());
  expect(user('s1')).toBe(user('s1'));
  expect(new Set([user(), user('s1'), user('s2')]).size).toBe(3);
});

test('whoever has no key and no tenant has no such fields', () => {
  const { tenant: _tenant, ...others } = assignment;
  expect(logFields({ ...others, tenant: undefined, user: '' })).toEqual({
    flag: 'pricing-v2',
    variant: 'on',
    cohort: 'canary',
  });
});
