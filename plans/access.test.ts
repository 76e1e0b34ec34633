import { describe, expect, it } from 'vitest';
import { allows, approverRoles, formatGrant, type Grant, GrantText, parseGrant } from './access.ts';

const grants = (...texts: string[]): Grant[] => texts.map((text) => GrantText.parse(text));
const production = { environment: 'production', flag: 'pricing' };

describe('a grant', () => {
  it.each([
    'viewer',
    'operator@production',
    'approver:on-call,technical-lead@production,staging/pricing,search',
    'submitter/pricing',
  ])('is read and written as %s', (text) => {
    const grant = parseGrant(text);
    expect(grant).not.toBeNull();
    expect(formatGrant(grant as Grant)).toBe(text);
  });

  it.each(['', 'king', 'approver', 'operator:on-call', 'viewer@', 'viewer@a,,b', 'Viewer'])(
    'is refused as %j',
    (text) => {
      expect(GrantText.safeParse(text).success).toBe(false);
    },
  );

  it('holds where it says and nowhere else', () => {
    const some = grants('viewer', 'operator@staging', 'submitter@production/pricing');
    expect(allows(some, 'operate', production)).toBe(false);
    expect(allows(some, 'operate', { environment: 'staging', flag: 'any' })).toBe(true);
    expect(allows(some, 'submit', production)).toBe(true);
    expect(allows(some, 'submit', { environment: 'production', flag: 'search' })).toBe(false);
    expect(allows(some, 'read', production)).toBe(true);
    expect(allows(some, 'administer')).toBe(false);
    expect(allows(some, 'operate')).toBe(true);
  });

  it('with a list does not hold where no place is named', () => {
    expect(allows(grants('operator@staging'), 'operate', { environment: null, flag: null })).toBe(false);
    expect(allows(grants('operator'), 'operate', { environment: null, flag: null })).toBe(true);
  });

  it('of an administrator does not approve', () => {
    expect(allows(grants('admin'), 'approve')).toBe(false);
    expect(allows(grants('admin'), 'operate', production)).toBe(true);
  });

  it('names the roles that it approves as, there', () => {
    const some = grants('approver:on-call@production', 'approver:on-call,technical-lead@staging', 'admin');
    expect(approverRoles(some, production)).toEqual(['on-call']);
    expect(approverRoles(some, { environment: 'staging', flag: 'x' })).toEqual(['on-call', 'technical-lead']);
  });
});
