import { FlagdCore } from '@openfeature/flagd-core';
import { describe, expect, it } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import { FlagSpec } from '../plans/flag/spec.ts';
import { Plan } from '../plans/plan.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { judge, killedExposure } from '../store/flag-rules.ts';
import { flagSet } from './definition.ts';
import { shortfalls } from './platforms/requirements.ts';
import { servedState } from './served.ts';

const SHADOW: Exposure = { ...NO_EXPOSURE, mode: 'shadow' };
const ALIKE: Exposure = { ...NO_EXPOSURE, percent: 100, mode: 'aa' };
const DARK: Exposure = { ...NO_EXPOSURE, percent: 10, mode: 'dark' };

function flag(exposure: Exposure, more: Partial<FlagState> = {}): FlagState {
  return {
    environment: 'production',
    key: 'search-v4',
    exposure,
    revision: 7,
    epoch: 3,
    rolloutId: 'r1',
    latch: null,
    decommissioned: null,
    lifecycle: 'Proposed',
    shape: {
      variants: { on: true, off: false },
      baseline: 'off',
      canary: 'on',
      stickiness: 'targetingKey',
    },
    spec: null,
    live: false,
    createdAt: 0,
    updatedAt: 0,
    updatedBy: 'test',
    ...more,
  };
}

function evaluate(state: FlagState, context: Record<string, string>) {
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify(flagSet('production', [state], {})));
  const { variant, flagMetadata } = core.resolve('boolean', state.key, false, context);
  return { variant, mode: flagMetadata?.['tidegate.mode'] };
}

const latch = { by: 'kim', reason: 'no', at: '2026-01-01T00:00:00Z' };
const order = {
  ...latch,
  id: 'o',
  kind: 'kill' as const,
  environment: 'production',
  key: 'search-v4',
  exposure: null,
  rolloutId: null,
  epoch: null,
};

describe('a flag that serves nobody and runs behind others', () => {
  it('tells the dispatchers so in the definition itself, above what a person has said', () => {
    expect(evaluate(flag(SHADOW), { targetingKey: 'ada' })).toEqual({ variant: 'off', mode: 'shadow' });
    expect(evaluate(flag({ ...DARK, percent: 100 }), { targetingKey: 'ada' })).toEqual({
      variant: 'on',
      mode: 'dark',
    });
    expect(evaluate(flag(ALIKE), { targetingKey: 'ada' })).toEqual({ variant: 'on', mode: 'aa' });
    const spec = FlagSpec.parse({ kind: 'boolean', mode: 'aa' });
    expect(evaluate(flag(SHADOW, { spec }), { targetingKey: 'ada' }).mode).toBe('shadow');
    expect(evaluate(flag(NO_EXPOSURE, { spec }), { targetingKey: 'ada' }).mode).toBe('aa');
  });

  it('runs behind nobody once it is killed, whatever its safe exposure, also without PostgreSQL', () => {
    for (const exposure of [SHADOW, DARK, ALIKE]) {
      for (const safe of ['frozen' as const, { percent: 100, segments: [], variant: 'paused' }]) {
        const state = flag(exposure);
        const shape = { ...state.shape, safe };
        expect(killedExposure(null, { ...state, shape })).toEqual(NO_EXPOSURE);
        const held = servedState({ ...state, shape }, [order]);
        expect(evaluate(held, { targetingKey: 'ada' })).toEqual({ variant: 'off', mode: undefined });
      }
    }
  });

  it('that a person has set to shadow is not run behind anybody after a kill, and a dark cohort is never served by one', () => {
    const killed = (mode: 'shadow' | 'dark') =>
      evaluate(
        flag({ ...NO_EXPOSURE, percent: 100 }, { latch, spec: FlagSpec.parse({ kind: 'boolean', mode }) }),
        {
          targetingKey: 'ada',
        },
      );
    expect(killed('shadow')).toEqual({ variant: 'on', mode: undefined });
    expect(killed('dark')).toEqual({ variant: 'on', mode: 'dark' });
  });

  it('is not entered by a write that only lowers, through a latch or by an old epoch', () => {
    const change = {
      environment: 'production',
      key: 'search-v4',
      rolloutId: 'r1',
      epoch: 3,
      author: 'a',
      reason: 'r',
    };
    const lower = { ...change, direction: 'lower' as const, expectedRevision: 7 };
    expect(judge({ ...lower, exposure: SHADOW }, flag(NO_EXPOSURE, { latch }), 'r1')).toBe('latched');
    expect(judge({ ...lower, epoch: 2, exposure: SHADOW }, flag(NO_EXPOSURE), 'r1')).toBe('stale-epoch');
    expect(judge({ ...lower, expectedRevision: 6, exposure: SHADOW }, flag(DARK), 'r1')).toBe('drift');
    // Back from whom it serves, and to nobody, it is the owner's right.
    expect(judge({ ...lower, epoch: 2, exposure: SHADOW }, flag({ ...NO_EXPOSURE, percent: 1 }), 'r1')).toBe(
      'write',
    );
    expect(judge({ ...lower, epoch: 2, exposure: NO_EXPOSURE }, flag(SHADOW, { latch }), 'r1')).toBe('write');
  });
});

describe('tenants of a list', () => {
  it('get the canary by their name, two thousand of them by one rule', () => {
    const segments = Array.from({ length: 2000 }, (_, i) => `tenant=t${i}`);
    const state = flag({ ...NO_EXPOSURE, segments });
    for (const [tenant, variant] of [
      ['t0', 'on'],
      ['t1999', 'on'],
      ['t2000', 'off'],
    ] as const)
      expect(evaluate(state, { targetingKey: 'ada', tenant }).variant).toBe(variant);
    expect(evaluate(state, { targetingKey: 'ada' }).variant).toBe('off');
    const text = JSON.stringify(flagSet('production', [state], {}));
    expect(text.match(/"in"/g)).toHaveLength(1);
  });

  it('stand beside segments, and a name of another script is written in ASCII too', () => {
    const segments = { free: { attribute: 'tier', operator: 'equals' as const, values: ['free'] } };
    const state = flag({ ...NO_EXPOSURE, segments: ['free', 'tenant=a=b', 'tenant=münchen'] });
    const core = new FlagdCore();
    core.setConfigurations(JSON.stringify(flagSet('production', [state], segments)));
    const of = (context: Record<string, string>) =>
      core.resolve('boolean', state.key, false, { targetingKey: 'ada', ...context }).variant;
    expect([
      of({ tier: 'free' }),
      of({ tenant: 'a=b' }),
      of({ tenant: 'münchen' }),
      of({ tenant: 'a' }),
    ]).toEqual(['on', 'on', 'on', 'off']);
  });
});

it('a platform of others is asked for neither, nor for a segment that flags share, and the plan says so before the start', () => {
  const plan = Plan.parse({
    metadata: { name: 'p' },
    flag: { key: 'p', provider: 'unleash' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't' }],
    stages: [
      { name: 'same', aa: {} },
      { name: 'dark', dark: {} },
      { name: 'friendly', audience: { tenants: ['acme'] } },
      { name: 'shared', audience: { segments: ['staff', 'beta'] } },
    ],
  });
  const can = {
    moves: true,
    creates: true,
    step: 1,
    segments: 'attributes',
    stickiness: 'any',
    variants: true,
    compareAndSet: true,
    tellsWho: true,
  } as const;
  expect(
    shortfalls(plan, { providers: { unleash: can }, segments: ['staff'] }).map(({ path }) => path),
  ).toEqual([
    'stages[0].aa',
    'stages[1].dark',
    'stages[2].audience.tenants',
    'stages[3].audience.segments[1]',
  ]);
});
