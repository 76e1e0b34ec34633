import { describe, expect, it } from 'vitest';
import { stageExposure } from '../plans/stages.ts';
import { stopExposure } from './exposure.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const SAFE = {
  reversibility: 'forward-only',
  safeExposure: { variant: 'paused' },
  flag: { key: 'pricing', variants: { on: true, off: false, paused: 'paused' } },
  approvals: {},
};
const FROZEN = { reversibility: 'forward-only', safeExposure: 'frozen', approvals: {} };

/** A rollout in its stage of 5 %. */
function atFive(more: object): World {
  const world = new World(planOf(more));
  world.event({ kind: 'begin' });
  for (let round = 0; round < 10 && world.state.stage < 2; round += 1) {
    world.event({ kind: 'peers', older: [] });
    world.settle();
    if (world.state.stage < 2) world.report(assessment('pass'));
  }
  expect(world.flag.exposure).toEqual({ percent: 5, segments: ['employees'], variant: null });
  return world;
}

describe('a step back of a forward-only plan', () => {
  it('gives the safe variant to all who have the canary, and the canary to them again when somebody resumes', () => {
    const world = atFive(SAFE);
    const entered = world.state.stageSince;
    world.person('step-back');
    world.settle();
    expect(world.flag.exposure).toEqual({ percent: 5, segments: ['employees'], variant: 'paused' });
    expect(world.state).toMatchObject({ phase: 'active', stage: 2, withdrawn: true });
    // Without a canary there is nothing to compare, and so no data to miss.
    expect(world.gate).toBeNull();
    expect(world.journal.at(-1)?.summary).toContain('on variant paused');

    world.now += 60_000;
    world.person('resume');
    world.settle();
    expect(world.flag.exposure).toEqual(stageExposure(world.state.plan, 2));
    expect(world.state).toMatchObject({ stage: 2, withdrawn: false });
    expect(world.gate).toMatchObject({ stage: 2, stageSince: world.now });
    expect(world.state.stageSince).not.toBe(entered);
    expect(world.state.gate?.assessment).toBeNull();
  });

  it('at a soft stop can be answered by accepting the difference', () => {
    const world = atFive({ ...SAFE, policy: { soft: 'step-back' } });
    world.report(assessment('soft'));
    world.settle();
    expect(world.flag.exposure.variant).toBe('paused');
    world.person('approve');
    world.settle();
    expect(world.flag.exposure).toEqual(stageExposure(world.state.plan, 2));
    expect(world.gate).not.toBeNull();
  });

  it('that nobody answers ends in the safe exposure', () => {
    const world = atFive(SAFE);
    world.person('step-back');
    world.settle();
    world.tick();
    for (let round = 0; round < 20 && world.state.phase === 'active'; round += 1) world.tick();
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure).toEqual({ percent: 5, segments: ['employees'], variant: 'paused' });
  });

  it('that is frozen ends the rollout where it is: there is nothing to step back to', () => {
    const world = atFive(FROZEN);
    world.person('step-back');
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure).toEqual({ percent: 5, segments: ['employees'], variant: null });
  });
});

describe('a raise that a step back of a forward-only plan overtakes', () => {
  /** At 5 %, with the raise to 100 % out; then the step back is asked for. */
  function overtaken(): World {
    const world = atFive(SAFE);
    world.report(assessment('pass'));
    world.person('approve');
    expect(world.pending).toHaveLength(1);
    world.person('step-back');
    expect(world.pending).toHaveLength(2);
    return world;
  }

  it('and that has landed is the stage reached: those who had the canary get it again, and no baseline', () => {
    const world = overtaken();
    world.land(0);
    world.land(0);
    world.answer(1);
    expect(world.state).toMatchObject({ stage: 3, withdrawn: true, exposure: { percent: 100 } });
    world.person('resume');
    world.settle();
    expect(world.flag.exposure).toEqual(stageExposure(world.state.plan, 3));
    expect(world.state).toMatchObject({ stage: 3, withdrawn: false, pause: null });
  });

  it('and that never landed opens nothing', () => {
    const world = overtaken();
    world.lose(0);
    world.settle();
    expect(world.state).toMatchObject({ stage: 2, withdrawn: true });
    world.person('resume');
    world.settle();
    expect(world.flag.exposure).toEqual(stageExposure(world.state.plan, 2));
  });

  it('and that has landed is found although the step back stood on disk only', () => {
    const world = overtaken();
    world.land(0);
    world.offline(0);
    world.answer(1);
    expect(world.state).toMatchObject({ stage: 2, withdrawn: true });
    world.person('resume');
    world.settle();
    expect(world.flag.exposure).toEqual(stageExposure(world.state.plan, 3));
    expect(world.state).toMatchObject({ stage: 3, withdrawn: false });
  });
});

describe('a stop of a forward-only plan', () => {
  it.each([
    ['first', 0, 5],
    ['next', 1, 100],
  ])('with the %s raise on its way leaves the baseline to whom the plan excludes', (_, stage, percent) => {
    const stages = [
      { name: '5%', percent: 5, bake: '10s' },
      { name: '100%', percent: 100, bake: '10s' },
    ];
    const world = new World(planOf({ ...SAFE, exclude: { tenants: ['acme'] }, stages }));
    world.event({ kind: 'begin' });
    if (stage === 0) {
      world.land(0);
      world.answer(0);
    } else {
      world.settle();
      world.report(assessment('pass'));
    }
    expect(world.state.write).toMatchObject({ purpose: 'advance', stage });
    world.person('rollback');
    world.settle();
    const without = ['tenant=acme'];
    expect(world.flag.exposure).toEqual({ percent, segments: [], variant: 'paused', without });
  });

  it('gives the safe variant to whoever was taken off the canary after the raise that is on its way', () => {
    const world = atFive(SAFE);
    const state = world.state;
    const write = {
      id: 9,
      purpose: 'advance' as const,
      stage: 3,
      exposure: { percent: 100, segments: [], variant: null, without: ['tenant=acme', 'tenant=globex'] },
      cause: { kind: 'policy' as const, reason: 'test' },
    };
    const exposure = { ...state.exposure, without: ['tenant=globex'] };
    expect(stopExposure({ ...state, exposure, write })).toEqual({
      percent: 100,
      segments: ['employees'],
      variant: 'paused',
      without: ['tenant=globex'],
    });
  });
});
