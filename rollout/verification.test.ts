import { describe, expect, it } from 'vitest';
import type { Reading } from '../plans/sample.ts';
import type { RolloutEvent } from './event.ts';
import { step } from './step.ts';
import { trafficOf, verifyRequest, verifyWindows } from './verification.ts';
import { assessment, planOf, World } from './world.fixture.ts';

function rolledBack(more: object = {}): World {
  const world = new World(planOf(more));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.person('approve');
  world.settle();
  world.report(assessment('hard'));
  world.settle();
  return world;
}

const answer = (outcome: 'back' | 'not-back' | 'superseded'): RolloutEvent => ({
  kind: 'verified',
  outcome,
  detail: 'as read',
  queries: ['q'],
});

describe('what is verified', () => {
  it('is a rollback that leaves nobody on the canary', () => {
    const world = rolledBack();
    expect(world.state.phase).toBe('rolled-back');
    expect(verifyRequest(world.state)).toMatchObject({ rolloutId: 'pricing-1', stage: 'internal' });
  });

  it('is nothing where the canary was never served, is still served as planned, or is not over', () => {
    const early = new World(planOf());
    early.event({ kind: 'begin' });
    expect(verifyRequest(early.state)).toBeNull();
    early.person('rollback');
    early.settle();
    expect(early.state.phase).toBe('rolled-back');
    expect(verifyRequest(early.state)).toBeNull();
    const { state } = rolledBack();
    expect(verifyRequest({ ...state, exposure: { percent: 1, segments: [], variant: null } })).toBeNull();
  });

  it('is a rollback to a safe variant, unless everybody has it, and not one that freezes the canary', () => {
    const { state } = rolledBack();
    const at = (percent: number, variant: string | null) =>
      verifyRequest({ ...state, exposure: { percent, segments: ['employees'], variant } });
    expect(at(5, 'paused')).toMatchObject({ rolloutId: 'pricing-1' });
    expect(at(0, 'paused')).not.toBeNull();
    expect(at(100, 'paused')).toBeNull();
    expect(at(5, 'on')).toBeNull();
    expect(at(5, null)).toBeNull();
  });

  it('says that whoever had the canary has its safe variant', () => {
    const safe = {
      reversibility: 'forward-only',
      safeExposure: { variant: 'paused' },
      flag: { key: 'pricing', variants: { on: true, off: false, paused: 'paused' } },
    };
    const world = rolledBack(safe);
    world.event(answer('back'));
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'rollback-verified',
      summary: 'Traffic has left the canary for its safe variant paused: as read.',
    });
  });

  it('are windows that begin after the flag was back', () => {
    const request = verifyRequest(rolledBack().state);
    if (request === null) throw new Error('nothing is verified');
    const { poll } = request.plan.source;
    const { first, last } = verifyWindows(request);
    expect(first % poll).toBe(0);
    expect((first - poll) * 1000).toBeGreaterThanOrEqual(request.since);
    expect((first - 2 * poll) * 1000).toBeLessThan(request.since);
    expect(last - first).toBeGreaterThanOrEqual(600);
  });
});

describe('the answer', () => {
  it.each([
    ['back', 'rollback-verified'],
    ['not-back', 'rollback-unverified'],
    ['superseded', 'note'],
  ] as const)('%s stands in the journal as %s', (outcome, transition) => {
    const world = rolledBack({ notify: [{ channel: 'chat', events: ['rolled-back', 'rollback-verified'] }] });
    const before = world.journal.length;
    const [command] = world.event(answer(outcome));
    expect(world.journal.slice(before)).toMatchObject([{ transition, seq: before + 1 }]);
    expect(world.state.phase).toBe('rolled-back');
    const told = command?.kind === 'record' ? command.request.notifications : [];
    expect(told.map(({ event }) => event)).toEqual(transition === 'note' ? [] : [transition]);
  });

  it('of a rollout that is not over, or was not rolled back, changes nothing', () => {
    const world = new World(planOf());
    world.event({ kind: 'begin' });
    const before = world.state.seq;
    world.event(answer('back'));
    expect(world.state.seq).toBe(before);
    const completed = { ...rolledBack().state, phase: 'completed' } as const;
    expect(step(completed, answer('back'), 0)).toEqual([completed, []]);
  });
});

describe('a window', () => {
  const cohort = (requests: number) => ({ requests, ratios: {}, histograms: {} });
  const seen = (baseline: number, canary: number): Reading => ({
    kind: 'sample',
    sample: { stage: 's', t: 1, baseline: cohort(baseline), canary: cohort(canary) },
    expressions: {},
    queries: [],
  });
  const refused = (...kinds: ('no-canary' | 'no-baseline')[]): Reading => ({
    kind: 'rejected',
    t: 1,
    rejections: kinds.map((kind) => ({ kind, metric: 'errors' })),
    queries: [],
  });

  it.each([
    ['without a request of the canary', seen(100, 0), { kind: 'back', requests: 100 }],
    ['with one', seen(100, 1), { kind: 'on-canary', canary: 1, requests: 101 }],
    ['without any request', seen(0, 0), { kind: 'unknown', detail: 'there were no requests to tell by' }],
    ['whose canary has no series', refused('no-canary'), { kind: 'back', requests: 0 }],
    [
      'that nobody answered for',
      refused('no-canary', 'no-baseline'),
      { kind: 'unknown', detail: 'errors: no-baseline' },
    ],
  ])('%s', (_, reading, traffic) => expect(trafficOf(reading)).toEqual(traffic));
});
