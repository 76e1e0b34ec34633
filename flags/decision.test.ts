import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import { describe, expect, it } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { SharedSegment } from '../plans/flag/segment.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { flagDefinition, flagSet } from './definition.ts';
import { faultsOf } from './fitness.ts';
import type { FlagRecord } from './provider.ts';
import type { KnownSegments } from './segments.ts';

const USERS = Array.from({ length: 4000 }, (_, n) => `user-${n}`);
const segment = (given: object) => SharedSegment.parse({ joined: [], left: [], ...given });
const segments: KnownSegments = {
  employees: { attribute: 'email', operator: 'ends_with', values: ['@example.com'] },
  vip: segment({
    name: 'vip',
    rules: [
      { attribute: 'tier', operator: 'equals', values: ['gold'] },
      { attribute: 'spend', operator: 'above', values: [1000] },
    ],
  }),
  beta: segment({ name: 'beta', joinable: true, joined: ['ann', 'vera'], left: ['bob'] }),
};

interface Given {
  key?: string;
  exposure?: Partial<Exposure>;
  spec?: object;
  live?: boolean;
  shape?: Partial<FlagRecord['shape']>;
}

function flag({ key = 'shop', exposure = {}, spec = {}, live = true, shape = {} }: Given): FlagRecord {
  return {
    environment: 'production',
    key,
    exposure: { ...NO_EXPOSURE, ...exposure },
    revision: 3,
    epoch: 0,
    rolloutId: null,
    latch: null,
    spec: FlagSpec.parse({ kind: 'percentage', ...spec }),
    live,
    shape: {
      variants: { on: true, off: false },
      baseline: 'off',
      canary: 'on',
      stickiness: 'targetingKey',
      ...shape,
    },
  };
}

function core(records: FlagRecord[], known = segments): FlagdCore {
  const text = JSON.stringify(flagSet('production', records, known));
  const log = { error() {}, warn() {}, info() {}, debug() {} };
  new MemoryStorage(log).setConfigurations(text, true);
  const made = new FlagdCore();
  made.setConfigurations(text);
  return made;
}

type Context = Record<string, string | number | boolean>;
function given(records: FlagRecord[], key: string, context: Context): unknown {
  return core(records).getFlag(key)?.evaluate(context).variant;
}

describe('the order of who gets what', () => {
  const everything = {
    kind: 'rule',
    exclude: ['vip'],
    requires: [{ flag: 'base', variants: ['on'] }],
    optIn: ['beta'],
    rules: [{ when: [{ attribute: 'country', operator: 'in', values: ['de', 'at'] }], give: 'on' }],
  };
  const shop = flag({ spec: everything, exposure: { segments: ['employees'] } });
  const base = flag({ key: 'base', exposure: { percent: 100 } });
  it.each<[string, Context, string]>([
    ['an exclusion beats an opt-in', { targetingKey: 'vera', tier: 'gold' }, 'off'],
    ['an exclusion beats a rule', { targetingKey: 'u', country: 'de', spend: 1001 }, 'off'],
    ['an opt-out beats a rule', { targetingKey: 'bob', country: 'de' }, 'off'],
    ['an opt-out beats a segment', { targetingKey: 'bob', email: 'bob@example.com' }, 'off'],
    ['an opt-in', { targetingKey: 'ann' }, 'on'],
    ['a rule', { targetingKey: 'u', country: 'at' }, 'on'],
    ['a segment of the exposure', { targetingKey: 'u', email: 'u@example.com' }, 'on'],
    ['nobody else', { targetingKey: 'u', spend: 3 }, 'off'],
  ])('%s', (_, context, variant) => {
    expect(given([shop, base], 'shop', context)).toBe(variant);
  });

  it('a prerequisite that is not met beats all but exclusions', () => {
    const off = flag({ key: 'base' });
    expect(given([shop, off], 'shop', { targetingKey: 'ann', country: 'de' })).toBe('off');
    expect(given([shop], 'shop', { targetingKey: 'ann' })).toBe('off');
  });

  it('excluded people stay at the baseline at 100 %', () => {
    const all = flag({ spec: { exclude: ['vip'] }, exposure: { percent: 100 } });
    expect(given([all], 'shop', { tier: 'gold' })).toBe('off');
    expect(given([all], 'shop', {})).toBe('on');
  });

  it('whom the exposure leaves out stays at the baseline, whatever else would give them the canary', () => {
    const without = ['tenant=acme', 'employees'];
    const records = [
      flag({ key: 'plain', exposure: { percent: 100, segments: ['beta'], without } }),
      { ...flag({ key: 'bare', exposure: { percent: 50, segments: ['tenant=acme'], without } }), spec: null },
      flag({ key: 'ruled', spec: { ...everything, requires: [] }, exposure: { percent: 100, without } }),
    ];
    for (const key of ['plain', 'bare', 'ruled'])
      for (const context of [{ tenant: 'acme' }, { email: 'u@example.com' }])
        expect(given(records, key, { targetingKey: 'ann', country: 'de', ...context })).toBe('off');
    expect(given(records, 'plain', { targetingKey: 'u', tenant: 'globex' })).toBe('on');
    expect(given(records, 'ruled', { targetingKey: 'ann', tenant: 'globex' })).toBe('on');
    const kept = (exposure: Partial<Exposure>) =>
      USERS.slice(0, 200).filter(
        (id) =>
          given([flag({ exposure: { percent: 25, ...exposure } })], 'shop', { targetingKey: id }) === 'on',
      );
    expect(kept({ without })).toEqual(kept({}));
    const unknown = flag({ exposure: { percent: 100, without: ['gone'] } });
    expect(flagDefinition(unknown, segments)).toMatchObject({ defaultVariant: 'off' });
  });

  it('nobody gets the canary while rules are off, and nobody of an exclusion that nobody knows', () => {
    expect(flagDefinition(flag({ spec: everything, live: false }), segments)).not.toHaveProperty('targeting');
    const blind = flag({ spec: { exclude: ['gone'] }, exposure: { percent: 100 } });
    expect(flagDefinition(blind, segments)).toMatchObject({ defaultVariant: 'off' });
  });

  it('whoever had a variant by a rule gets the safe one in its place', () => {
    const variants = { on: true, off: false, safe: false };
    const safe = flag({ spec: everything, exposure: { percent: 1, variant: 'safe' }, shape: { variants } });
    expect(given([safe, base], 'shop', { targetingKey: 'u', country: 'de' })).toBe('safe');
    expect(given([safe, base], 'shop', { targetingKey: 'ann' })).toBe('safe');
  });
});

describe('conditions', () => {
  const of = (condition: object) =>
    flag({ spec: { kind: 'targeting', who: { when: [condition] } }, exposure: {} });
  it.each<[object, Context, string]>([
    [{ attribute: 'v', operator: 'semver', values: ['>=2.4.0'] }, { v: '2.10.0' }, 'on'],
    [{ attribute: 'v', operator: 'semver', values: ['>=2.4.0'] }, { v: '2.3.9' }, 'off'],
    [{ attribute: 'v', operator: 'semver', values: ['~1.2.0', '^3.0.0'] }, { v: '3.9.1' }, 'on'],
    [{ attribute: 'v', operator: 'semver', values: ['1.0.0'] }, {}, 'off'],
    [{ attribute: 'n', operator: 'below', values: [5] }, { n: 4 }, 'on'],
    [{ attribute: 'n', operator: 'below', values: [5] }, {}, 'off'],
    [{ attribute: 'n', operator: 'at_least', values: [5] }, { n: 5 }, 'on'],
    [{ attribute: 'p', operator: 'starts_with', values: ['a', 'b'] }, { p: 'bc' }, 'on'],
    [{ attribute: 'p', operator: 'in', values: ['a', true] }, { p: true }, 'on'],
    [{ attribute: 'p', operator: 'in', values: ['abc'] }, { p: 'b' }, 'off'],
    [{ attribute: 'p', operator: 'equals', values: ['a'], not: true }, { p: 'b' }, 'on'],
    [{ attribute: 'p', operator: 'equals', values: ['a'], not: true }, {}, 'on'],
    [{ attribute: 'p', operator: 'equals', values: ['a'], not: true }, { p: 'a' }, 'off'],
  ])('%j of %j gives %s', (condition, context, variant) => {
    expect(given([of(condition)], 'shop', context)).toBe(variant);
  });
});

describe('splits', () => {
  const variants = { control: 'c', red: 'r', blue: 'b' };
  const shape = { variants, baseline: 'control', canary: 'red' };
  const split = [
    { variant: 'control', percent: 50 },
    { variant: 'red', percent: 49.99 },
    { variant: 'blue', percent: 0.01 },
  ];
  const spec = { kind: 'multivariate', split };
  const shares = (percent: number) => {
    const made = core([flag({ spec, shape, exposure: { percent } })]);
    return USERS.map((user) => made.getFlag('shop')?.evaluate({ targetingKey: user }).variant);
  };

  it('give each variant its share, and keep everybody while the exposure grows', () => {
    const [half, all] = [shares(50), shares(100)];
    expect(all.filter((variant) => variant === 'red').length / USERS.length).toBeCloseTo(0.5, 1);
    const moved = half.filter((variant, at) => variant !== 'control' && variant !== all[at]);
    expect(moved).toEqual([]);
    expect(half.filter((variant) => variant === 'red').length / USERS.length).toBeCloseTo(0.25, 1);
    expect(given([flag({ spec, shape, exposure: { percent: 100 } })], 'shop', {})).toBe('control');
  });
});

describe('a prerequisite', () => {
  const base = flag({ key: 'base', exposure: { percent: 30 } });
  const shop = flag({ spec: { requires: [{ flag: 'base', variants: ['on'] }] }, exposure: { percent: 100 } });

  it.each(['targetingKey', 'userId'])(
    'by %s holds for exactly those who have the other flag',
    (stickiness) => {
      const records = [{ ...base, shape: { ...base.shape, stickiness } }, shop];
      const made = core(records);
      for (const user of USERS) {
        const context = { [stickiness]: user };
        expect(made.getFlag('shop')?.evaluate(context).variant).toBe(
          made.getFlag('base')?.evaluate(context).variant,
        );
      }
      expect(made.getFlag('shop')?.evaluate({}).variant).toBe('off');
    },
  );

  it('on the baseline holds for callers without a key', () => {
    const inverse = flag({
      spec: { requires: [{ flag: 'base', variants: ['off'] }] },
      exposure: { percent: 100 },
    });
    expect(given([base, inverse], 'shop', {})).toBe('on');
  });

  it('goes with the other flag’s kill, through a chain', () => {
    const last = flag({
      key: 'last',
      spec: { requires: [{ flag: 'shop', variants: ['on'] }] },
      exposure: { percent: 100 },
    });
    const killed = { ...base, exposure: NO_EXPOSURE };
    expect(flagSet('production', [killed, shop, last], segments).flags['last']).toMatchObject({
      defaultVariant: 'off',
    });
    const held = core([base, shop, last]);
    const on = USERS.filter(
      (user) => held.getFlag('last')?.evaluate({ targetingKey: user }).variant === 'on',
    );
    expect(on.length / USERS.length).toBeCloseTo(0.3, 1);
  });

  it('holds in a flag set that the other flag is not in', () => {
    const named = flag({
      spec: { requires: [{ flag: 'base', variants: ['on'] }], flagSet: 'checkout' },
      exposure: { percent: 100 },
    });
    const set = flagSet('production', [base, named], segments, 'checkout');
    expect(Object.keys(set.flags)).toEqual(['shop']);
    expect(set.flags['shop']).toEqual(flagSet('production', [base, named], segments).flags['shop']);
    expect(JSON.stringify(set.flags)).toContain('base');
  });

  it('in a circle is never met, and ends', () => {
    const circle = flag({ key: 'base', spec: { requires: [{ flag: 'shop', variants: ['on'] }] } });
    expect(flagDefinition(shop, segments, new Map([['base', circle]]))).toMatchObject({
      defaultVariant: 'off',
    });
  });
});

describe('segments that flags share', () => {
  const users = Array.from({ length: 200 }, (_, n) => `member-${n}`);
  const many = { name: 'many', joinable: true, joined: users, left: [] };
  const both = ['a', 'b'].map((key) => flag({ key, exposure: { percent: 0, segments: ['many'] } }));

  it('stand once in the document where that is smaller, and mean the same', () => {
    const known = { ...segments, many: segment(many) };
    const set = flagSet('production', both, known);
    expect(Object.keys(set.$evaluators ?? {})).toEqual(['many']);
    expect(JSON.stringify(set.flags)).not.toContain('member-7');
    expect(core(both, known).getFlag('b')?.evaluate({ targetingKey: 'member-7' }).variant).toBe('on');
    expect(flagSet('production', both.slice(0, 1), known)).not.toHaveProperty('$evaluators');
  });

  it('are written out where flagd’s text replacement would change them', () => {
    const known = { ...segments, many: segment({ ...many, joined: ['$&', ...users] }) };
    expect(flagSet('production', both, known)).not.toHaveProperty('$evaluators');
    expect(core(both, known).getFlag('a')?.evaluate({ targetingKey: '$&' }).variant).toBe('on');
  });
});

it('names the place of what cannot be served', () => {
  const spec = { requires: [{ flag: 'base', variants: ['on'] }], exclude: ['vib'] };
  const shop = flag({ spec });
  const base = flag({ key: 'base', spec: { requires: [{ flag: 'shop', variants: ['blue'] }] } });
  const flags = new Map([shop, base].map((record) => [record.key, record]));
  const places = faultsOf(shop, { segments, flags }).map(({ path, message, instead }) => [
    path,
    message,
    instead,
  ]);
  expect(places).toEqual([
    ['exclude[0]', 'there is no segment "vib"', 'did you mean "vip"?'],
    ['requires[0].flag', 'a circle: shop → base → shop', 'take one of them out'],
    ['variants', 'base needs the variant "blue" of this flag', 'keep it, or change base first'],
  ]);
});

it('rules end with a lease that ran out to nobody, with nobody there to say so', () => {
  const rules = [{ when: [{ attribute: 'country', operator: 'in', values: ['de'] }], give: 'on' }];
  const german = { targetingKey: 'u', country: 'de' };
  const leased = (until: number, fallback: Partial<Exposure>) => ({
    ...flag({ spec: { kind: 'rule', rules }, exposure: { percent: 5 } }),
    lease: { until, fallback: { ...NO_EXPOSURE, ...fallback } },
  });
  const [past, later] = [Date.now() - 60_000, Date.now() + 600_000];
  expect(given([leased(later, {})], 'shop', german)).toBe('on');
  expect(given([leased(past, {})], 'shop', german)).toBe('off');
  expect(given([leased(past, { percent: 1 })], 'shop', german)).toBe('on');
});
