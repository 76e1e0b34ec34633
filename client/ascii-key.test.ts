import { OpenFeature, type Provider } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiText } from '../flags/ascii-context.ts';
import { asciiContext, asciiKey, asciiKeyHook } from './ascii-key.ts';
import { flagProvider } from './flag-provider.ts';
import { flagdServiceOf } from './flagd-service.ts';

describe('asciiKey', () => {
  it.each([
    ['user-17', 'user-17'],
    ['100%', '100%'],
    ['müller', 'm%C3%BCller'],
    ['日本', '%E6%97%A5%E6%9C%AC'],
    ['a😀b', 'a%F0%9F%98%80b'],
    ['half \ud83d', 'half %EF%BF%BD'],
  ])('writes %s as %s', (key, ascii) => {
    expect(asciiKey(key)).toBe(ascii);
  });

  it('gives ASCII, leaves ASCII alone, and says the same as the server and when done twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        const ascii = asciiKey(key);
        expect(ascii).toMatch(/^[\0-\x7f]*$/);
        if (/^[\0-\x7f]*$/.test(key)) expect(ascii).toBe(key);
        expect(asciiKey(ascii)).toBe(ascii);
        expect(asciiText(key)).toBe(ascii);
      }),
    );
  });

  it('keeps beginnings and endings, so that segments know them in either spelling', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(asciiKey(a + b)).toBe(asciiKey(a) + asciiKey(b));
      }),
    );
  });
});

it('the hook hands every key to the provider in ASCII and leaves the rest as it is', async () => {
  const seen: unknown[] = [];
  const provider: Provider = {
    metadata: { name: 'test' },
    hooks: [asciiKeyHook],
    resolveBooleanEvaluation: async (_flag, value, context) => {
      seen.push(context);
      return { value };
    },
    resolveStringEvaluation: async (_flag, value) => ({ value }),
    resolveNumberEvaluation: async (_flag, value) => ({ value }),
    resolveObjectEvaluation: async (_flag, value) => ({ value }),
  };
  await OpenFeature.setProviderAndWait('ascii', provider);
  const client = OpenFeature.getClient('ascii');
  const born = new Date(0);
  const context = { targetingKey: 'é', user: { id: 'ü', tags: ['ß', 1] }, plan: 'pro', age: 7, born };
  await client.getBooleanValue('flag', false, context);
  expect(seen).toEqual([
    { targetingKey: '%C3%A9', user: { id: '%C3%BC', tags: ['%C3%9F', 1] }, plan: 'pro', age: 7, born },
  ]);
  expect(context.targetingKey).toBe('é');
});

it('a context in ASCII is handed on as it is, and nothing is made for it', () => {
  const context = { targetingKey: 'ann', user: { id: 'u', tags: ['a', 1] }, born: new Date(0), plan: null };
  expect(asciiContext(context)).toBe(context);
  const partly = { user: { id: 'u' }, city: 'Köln' };
  expect(asciiContext(partly)).toEqual({ user: { id: 'u' }, city: 'K%C3%B6ln' });
  expect(asciiContext(partly)['user']).toBe(partly.user);
});

it('flagProvider writes keys in ASCII for every kind of flag, without a hook of its own', async () => {
  const addresses = ['127.0.0.1:8015'];
  const provider = flagProvider({ addresses, environment: 'production' });
  const split = (on: unknown, off: unknown) => ({
    state: 'ENABLED',
    variants: { on, off },
    defaultVariant: 'off',
    targeting: { if: [{ '==': [{ var: 'targetingKey' }, '%C3%A9'] }, 'on', 'off'] },
  });
  const flags = { a: split(true, false), b: split('on', ''), c: split(1, 0), d: split({ on: 1 }, {}) };
  flagdServiceOf(provider).setFlagConfiguration(JSON.stringify({ flags }));
  const context = { targetingKey: 'é' };
  const found = await Promise.all([
    provider.resolveBooleanEvaluation('a', false, context, console),
    provider.resolveStringEvaluation('b', '', context, console),
    provider.resolveNumberEvaluation('c', 0, context, console),
    provider.resolveObjectEvaluation('d', {}, context, console),
  ]);
  expect(found.map(({ value }) => value)).toEqual([true, 'on', 1, { on: 1 }]);
  expect(provider.hooks).toHaveLength(1);
});
