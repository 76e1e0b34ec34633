import { existsSync, readFileSync } from 'node:fs';
import { FlagdCore } from '@openfeature/flagd-core';
import { describe, expect, it } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { flagDefinition, flagSet } from './definition.ts';
import type { FlagRecord } from './provider.ts';
import type { Segments } from './segments.ts';

const USERS = Array.from({ length: 20_000 }, (_, n) => `user-${n}`);
const LADDER = [0.01, 0.5, 1, 5, 25, 50, 100];

const SEGMENTS: Segments = {
  employees: { attribute: 'email', operator: 'ends_with', values: ['@example.com', '@example.org'] },
  beta: { attribute: 'plan', operator: 'in', values: ['beta', 'alpha'] },
  berlin: { attribute: 'city', operator: 'equals', values: ['Berlin'] },
  test: { attribute: 'userId', operator: 'starts_with', values: ['test-'] },
};

function flag(exposure: Partial<Exposure>, shape: Partial<FlagRecord['shape']> = {}): FlagRecord {
  return {
    environment: 'production',
    key: 'pricing-v2',
    exposure: { ...NO_EXPOSURE, ...exposure },
    revision: 7,
    epoch: 1,
    rolloutId: 'pricing-v2-1',
    latch: null,
    shape: {
      variants: { on: true, off: false },
      baseline: 'off',
      canary: 'on',
      stickiness: 'targetingKey',
      ...shape,
    },
  };
}

function evaluator(record: FlagRecord): FlagdCore {
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify(flagSet('production', [record], SEGMENTS)));
  return core;
}

function variantOf(record: FlagRecord, context: Record<string, string | number>): string | undefined {
  return evaluator(record).resolve('boolean', record.key, false, context).variant;
}

function cohort(record: FlagRecord, attribute = 'targetingKey'): Set<string> {
  const core = evaluator(record);
  return new Set(
    USERS.filter(
      (user) => core.resolve('boolean', record.key, false, { [attribute]: user }).variant === 'on',
    ),
  );
}

describe.each(['targetingKey', 'userId'])('percent by %s', (stickiness) => {
  it('loses nobody while the exposure grows', () => {
    let before = new Set<string>();
    for (const percent of LADDER) {
      const now = cohort(flag({ percent }, { stickiness }), stickiness);
      expect([...before].filter((user) => !now.has(user))).toEqual([]);
      before = now;
    }
    expect(before.size).toBe(USERS.length);
  });

  it('gives the same people after stepping back and up again', () => {
    const way = [1, 5, 25, 5, 1, 5, 25].map((percent) =>
      cohort(flag({ percent }, { stickiness }), stickiness),
    );
    expect(way[3]).toEqual(way[1]);
    expect(way[4]).toEqual(way[0]);
    expect(way[5]).toEqual(way[1]);
    expect(way[6]).toEqual(way[2]);
  });

  it.each(LADDER)('exposes %s % of the users', (percent) => {
    const share = (100 * cohort(flag({ percent }, { stickiness }), stickiness).size) / USERS.length;
    const deviation = Math.sqrt((percent * (100 - percent)) / USERS.length);
    expect(Math.abs(share - percent)).toBeLessThanOrEqual(4 * deviation + 0.005);
  });

  it('gives the baseline to callers without a key, and the canary at 100 %', () => {
    expect(variantOf(flag({ percent: 99.99 }, { stickiness }), {})).toBe('off');
    expect(variantOf(flag({ percent: 99.99 }, { stickiness }), { [stickiness]: '' })).toBe('off');
    expect(variantOf(flag({ percent: 100 }, { stickiness }), {})).toBe('on');
  });
});

it('is the cohort that flagd computes by its own default bucketing', () => {
  expect(flagDefinition(flag({ percent: 25 }), {}).targeting).toEqual({
    fractional: [
      ['on', 2500],
      ['off', 7500],
    ],
  });
});

it('never serves more than the plan allows, down to 0.01 %', () => {
  const weight = (percent: number) => JSON.stringify(flagDefinition(flag({ percent }), {}).targeting ?? null);
  expect(weight(0.29)).toContain('["on",29]');
  expect(weight(0.019)).toContain('["on",1]');
  expect(weight(0.009)).toBe('null');
  expect(weight(99.999)).toContain('["on",9999]');
});

it('has no targeting at 0 % and at 100 %', () => {
  expect(flagDefinition(flag({}), {})).not.toHaveProperty('targeting');
  expect(flagDefinition(flag({}), {}).defaultVariant).toBe('off');
  expect(flagDefinition(flag({ percent: 100, segments: ['beta'] }), SEGMENTS)).not.toHaveProperty(
    'targeting',
  );
  expect(flagDefinition(flag({ percent: 100 }), {}).defaultVariant).toBe('on');
});

describe('segments', () => {
  const exposure = { segments: ['employees', 'beta', 'berlin', 'test'] };
  it.each([
    [{ targetingKey: 'u', email: 'ann@example.com' }, 'on'],
    [{ targetingKey: 'u', email: 'bob@example.org' }, 'on'],
    [{ targetingKey: 'u', email: 'eve@example.net' }, 'off'],
    [{ targetingKey: 'u', plan: 'alpha' }, 'on'],
    [{ targetingKey: 'u', plan: 'alph' }, 'off'],
    [{ targetingKey: 'u', city: 'Berlin' }, 'on'],
    [{ targetingKey: 'u', userId: 'test-1' }, 'on'],
    [{ targetingKey: 'u', userId: 'contest-1' }, 'off'],
    [{ targetingKey: 'u', userId: 17 }, 'off'],
    [{ targetingKey: 'u' }, 'off'],
    [{}, 'off'],
  ])('%j gets %s', (context, variant) => {
    expect(variantOf(flag(exposure), context)).toBe(variant);
  });

  it('know their values as they are and as a client writes them in ASCII', () => {
    for (const [operator, city] of [
      ['in', 'München'],
      ['equals', 'München'],
      ['starts_with', 'Mün'],
      ['ends_with', 'ünchen'],
    ] as const) {
      const core = new FlagdCore();
      const segments: Segments = { munich: { attribute: 'city', operator, values: [city] } };
      core.setConfigurations(
        JSON.stringify(flagSet('production', [flag({ segments: ['munich'] })], segments)),
      );
      const variant = (name: string) => core.resolve('boolean', 'pricing-v2', false, { city: name }).variant;
      expect([variant('München'), variant('M%C3%BCnchen'), variant('Munchen')]).toEqual(['on', 'on', 'off']);
    }
  });

  it('keep their members in the canary while the percent grows', () => {
    for (const percent of LADDER) {
      expect(variantOf(flag({ percent, segments: ['beta'] }), { targetingKey: 'u', plan: 'beta' })).toBe(
        'on',
      );
    }
  });

  it('that nobody defined expose nobody', () => {
    expect(flagDefinition(flag({ segments: ['nobody', 'constructor'] }), SEGMENTS)).not.toHaveProperty(
      'targeting',
    );
  });
});

describe('a flag that cannot be served as asked', () => {
  it('gives the safe variant of a forward-only plan to everybody exposed', () => {
    const variants = { on: true, off: false, safe: false };
    expect(variantOf(flag({ percent: 100, variant: 'safe' }, { variants }), {})).toBe('safe');
    const half = evaluator(flag({ percent: 50, variant: 'safe' }, { variants }));
    const served = new Set(
      USERS.slice(0, 50).map(
        (targetingKey) => half.resolve('boolean', 'pricing-v2', false, { targetingKey }).variant,
      ),
    );
    expect(served).toEqual(new Set(['safe', 'off']));
  });

  it('gives the baseline where the exposed variant does not exist', () => {
    expect(variantOf(flag({ percent: 100, variant: 'gone', segments: ['beta'] }), { plan: 'beta' })).toBe(
      'off',
    );
  });

  it('is disabled without its baseline, and leaves the other flags of the set alone', () => {
    const broken = flag({}, { baseline: 'gone' });
    const core = new FlagdCore();
    core.setConfigurations(
      JSON.stringify(flagSet('production', [broken, { ...flag({ percent: 100 }), key: 'good' }], {})),
    );
    expect(core.resolve('boolean', 'pricing-v2', true, {})).toMatchObject({
      value: true,
      reason: 'DISABLED',
    });
    expect(core.resolve('boolean', 'good', false, {}).value).toBe(true);
  });
});

describe('a lease', () => {
  const leased = (left: number, present: Partial<Exposure>, fallback: Partial<Exposure>) => ({
    ...flag(present),
    lease: { until: Date.now() + left, fallback: { ...NO_EXPOSURE, ...fallback } },
  });
  const HOUR = 3_600_000;

  it('gives the present cohort until it ends and the one before from then on', () => {
    expect(cohort(leased(HOUR, { percent: 25 }, { percent: 5 }))).toEqual(cohort(flag({ percent: 25 })));
    expect(cohort(leased(-1000, { percent: 25 }, { percent: 5 }))).toEqual(cohort(flag({ percent: 5 })));
    expect(cohort(leased(-1000, { percent: 25 }, {}))).toEqual(new Set());
  });

  it('on 100 % gives callers without a key the canary, and afterwards the baseline', () => {
    expect(variantOf(leased(HOUR, { percent: 100 }, { percent: 50 }), {})).toBe('on');
    expect(variantOf(leased(-1000, { percent: 100 }, { percent: 50 }), {})).toBe('off');
    expect(flagDefinition(leased(HOUR, { percent: 100 }, { percent: 50 }), {}).defaultVariant).toBe('off');
  });

  it('keeps the members of the segments that were proven before it', () => {
    const record = leased(-1000, { percent: 5, segments: ['beta', 'berlin'] }, { segments: ['beta'] });
    expect(variantOf(record, { targetingKey: 'u', plan: 'beta' })).toBe('on');
    expect(variantOf(record, { targetingKey: 'u', city: 'Berlin' })).toBe('off');
  });

  it('that has brought the flag where it is says nothing of the time any more', () => {
    const definition = flagDefinition(leased(-1000, { percent: 5 }, { percent: 5 }), {});
    expect(JSON.stringify(definition)).not.toContain('timestamp');
  });
});

it('names environment, revision and rollout in the metadata', () => {
  const set = flagSet('production', [flag({})], {});
  expect(set.metadata).toEqual({ flagSetId: 'production', scope: 'production' });
  expect(set.flags['pricing-v2']?.metadata).toEqual({
    environment: 'production',
    revision: 7,
    rolloutId: 'pricing-v2-1',
  });
});

const schemas = new URL('../../shared/conformance/flagd-schemas/json/', import.meta.url);
const missing = existsSync(schemas) ? '' : ' (skipped: no conformance data)';

describe.skipIf(missing !== '')(`flagd's JSON Schema${missing}`, () => {
  const read = (name: string): object => {
    const schema: object = JSON.parse(readFileSync(new URL(name, schemas), 'utf8'));
    return schema;
  };
  const exposures: Partial<Exposure>[] = [
    ...[0, ...LADDER].flatMap((percent) => [
      { percent },
      { percent, segments: ['employees'] },
      { percent, segments: Object.keys(SEGMENTS) },
    ]),
    { percent: 100, variant: 'off' },
  ];
  it.each(['targetingKey', 'userId'])('accepts every definition by %s', async (stickiness) => {
    const { Ajv } = await import('ajv');
    const ajv = new Ajv({ strict: false });
    ajv.addSchema(read('targeting.json'));
    const validate = ajv.compile(read('flags.json'));
    const leases = [null, { until: 2e12, fallback: { ...NO_EXPOSURE, percent: 5, segments: ['beta'] } }];
    for (const [exposure, lease] of exposures.flatMap((one) =>
      leases.map((lease) => [one, lease] as const),
    )) {
      const record = { ...flag(exposure, { stickiness }), lease };
      const valid = validate(flagSet('production', [record], SEGMENTS));
      expect({ exposure, valid, errors: validate.errors }).toEqual({ exposure, valid: true, errors: null });
    }
    expect(validate({ flags: { broken: { state: 'ENABLED', variants: {} } } })).toBe(false);
  });
});
