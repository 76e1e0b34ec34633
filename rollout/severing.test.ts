import { describe, expect, it } from 'vitest';
import type { Severed } from '../plans/assessment.ts';
import { notificationsFor } from '../plans/notification.ts';
import { excludedLines } from '../plans/standing-words.ts';
import { climb, drill } from './orders.fixture.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const COVERAGE = ['acme', 'globex', 'hooli'].map((name) => ({
  slice: `tenant=${name}`,
  // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
  then: 'exclude',
}));

function begun(stages = 2, more: object = {}): World {
  const world = new World(planOf({ approvals: {}, coverage: COVERAGE, ...more }));
  world.event({ kind: 'begin' });
  world.settle();
  climb(world, stages);
  return world;
}

function severed(name: string, share: number | null = 0.05): Severed {
  const slice = `tenant=${name}`;
  return { slice, who: slice, metric: 'errors', severity: 'hard', reason: `errors{${slice}}: worse`, share };
}

const worse = (world: World, ...all: Severed[]) => world.report(assessment('hold', { severed: all }));

describe('a slice that got worse alone', () => {
  it('is taken off by the gate, told as that, and the rest goes on to the end without it', () => {
    const world = begun(2, { notify: [{ channel: 'ops', events: ['excluded'] }] });
    worse(world, severed('acme'));
    expect(world.pending).toMatchObject([{ direction: 'lower', exposure: { without: ['tenant=acme'] } }]);
    world.settle();
    const [line] = world.journal.filter(({ transition }) => transition === 'excluded');
    expect(line).toMatchObject({
      cause: { kind: 'gate', verdict: 'hard', reason: 'errors{tenant=acme}: worse' },
      summary:
        'the gate takes tenant=acme off the canary; the rollout goes on for the rest: errors{tenant=acme}: worse.',
      evidence: { severed: [{ slice: 'tenant=acme' }] },
    });
    const view = viewOf(world.state, world.now);
    if (line === undefined) throw new Error('not journaled');
    expect(notificationsFor(line, view, world.state.plan)).toMatchObject([{ channel: 'ops' }]);
    expect(excludedLines(view)[0]).toMatch(
      /^tenant=acme, 5 % of the canary's requests, since revision \d+, by the gate/,
    );
    // The gate that watches on is not asked for them any more, and says it once.
    worse(world, severed('acme'));
    expect(world.journal.filter(({ transition }) => transition === 'excluded')).toHaveLength(1);
    climb(world, 1);
    expect(world.state.stage).toBe(3);
    expect(world.flag.exposure).toMatchObject({ percent: 100, without: ['tenant=acme'] });
  });

  it('is taken off in a pause too, and while the next stage is on its way', () => {
    const paused = begun();
    paused.person('pause');
    worse(paused, severed('acme'));
    expect(paused.pending).toHaveLength(1);
    const moving = begun(1);
    moving.report(assessment('pass'));
    expect(moving.state.write?.purpose).toBe('advance');
    worse(moving, severed('acme'));
    expect(moving.state.write?.purpose).toBe('exclude');
    moving.settle();
    expect(moving.flag.exposure.without).toEqual(['tenant=acme']);
  });

  it.each([
    ['one more than may be', { exclusions: { most: 1 } }, /one more than the 1 that may be off/],
    [
      'more of the traffic than may be',
      { exclusions: { most: 9, traffic: '8%' } },
      /with tenant=globex 10 % of the requests of the canary would be off it, and 8 % may be/,
    ],
  ])('stops the whole where it is %s', (_, policy, reason) => {
    const world = begun(2, { policy });
    worse(world, severed('acme'));
    world.settle();
    expect(world.state.phase).toBe('active');
    worse(world, severed('globex'));
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure).toEqual({ percent: 0, segments: [], variant: null });
    const stop = world.journal.find(({ transition }) => transition === 'hard-stop');
    expect(stop?.summary).toMatch(reason);
  });

  it('pauses the whole in its place where the plan pauses at a hard stop', () => {
    const world = begun(2, { policy: { hard: 'pause', exclusions: { traffic: '1%' } } });
    worse(world, severed('acme'));
    expect(world.state).toMatchObject({ phase: 'active', pause: { causes: [{ kind: 'hard' }] } });
    expect(world.state.excluded ?? []).toEqual([]);
  });

  it('does not come before a hard stop, and is the stop that a drill waits for', () => {
    const world = begun();
    world.report(assessment('hard', { severed: [severed('acme')] }));
    world.settle();
    expect(world.state).toMatchObject({ phase: 'rolled-back' });
    expect(world.state.excluded ?? []).toEqual([]);
    const drilled = begun();
    drill(drilled);
    worse(drilled, severed('acme'));
    drilled.settle();
    expect(drilled.state).toMatchObject({
      phase: 'rolled-back',
      drill: { rolledBackAt: expect.any(Number) },
    });
  });

  it('that the gate had to take off itself is no drift: its revision is journaled, and nothing is written again', () => {
    const world = begun();
    const before = world.flag.revision;
    world.takeOffAlone('tenant=acme');
    worse(world, severed('acme'));
    expect(world.pending).toEqual([]);
    expect(world.state).toMatchObject({ pause: null, flagRevision: before + 1 });
    expect(world.state.excluded).toMatchObject([
      { name: 'tenant=acme', by: 'the gate', revision: before + 1 },
    ]);
    expect(world.journal.slice(-2)).toMatchObject([
      {
        transition: 'note',
        summary: 'The workflow did not answer, so that the gate left out tenant=acme itself.',
        flagBefore: before,
        flagAfter: before + 1,
      },
      { transition: 'excluded', flagBefore: before + 1 },
    ]);
    // The gate that watches on knows who is off, and how many more may be.
    expect(world.gate).toMatchObject({ excluded: [{ name: 'tenant=acme', share: 0.05 }] });
    climb(world, 1);
    expect(world.flag.exposure).toMatchObject({ percent: 100, without: ['tenant=acme'] });
  });

  it('where somebody else has moved the flag besides is drift as ever', () => {
    for (const move of [
      (world: World) => world.drift(3),
      (world: World) => {
        world.takeOffAlone('tenant=acme');
        world.takeOffAlone('tenant=globex');
      },
    ]) {
      const world = begun();
      move(world);
      worse(world, severed('acme'));
      expect(world.state.pause?.causes.map(({ kind }) => kind)).toEqual(['drift']);
    }
  });

  it('can come back as anybody whom a person has taken off', () => {
    const world = begun();
    worse(world, severed('acme'));
    world.settle();
    const who = { by: 'kim', roles: [], reason: 'mended', accept: null, breakGlass: false };
    world.event({ kind: 'person', action: 'include', ...who, who: { tenant: 'acme' } });
    world.person('approve', 'ada');
    world.report(assessment('hold'));
    world.settle();
    expect(world.flag.exposure.without).toBeUndefined();
  });
});
