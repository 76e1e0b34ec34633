import { describe, expect, it } from 'vitest';
import { type Exposure, NO_EXPOSURE } from '../plans/exposure.ts';
import type { PersonAction, PersonEvent } from './event.ts';
import { refusal } from './refusals.ts';
import { reportKey } from './report.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const STAGES = [1, 5, 25, 100].map((percent) => ({ name: `${percent}%`, percent, bake: '10s' }));

/** A rollout in its third stage, 25 %, whose flag somebody else has just moved. */
function driftedTo(percent: number, more: { plan?: object; segments?: string[] } = {}): World {
  const world = new World(planOf({ stages: STAGES, approvals: {}, ...more.plan }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  for (const _ of ['5%', '25%']) {
    world.report(assessment('pass'));
    world.event({ kind: 'peers', older: [] });
    world.settle();
  }
  if (world.state.stage !== 2) throw new Error('not in 25%');
  world.drift(percent, more.segments);
  world.report(assessment('hold'));
  expect(world.state.pause?.causes.map(({ kind }) => kind)).toContain('drift');
  return world;
}

function why(world: World, action: PersonAction) {
  const event: PersonEvent = {
    kind: 'person',
    action,
    by: 'kim',
    roles: [],
    reason: null,
    accept: null,
    breakGlass: false,
  };
  return refusal(world.state, event);
}

const only = (percent: number): Exposure => ({ percent, segments: [], variant: null });

describe('a flag that somebody else moved', () => {
  it('goes back to its stage when a person resumes, from below and from above', () => {
    for (const percent of [1, 80]) {
      const world = driftedTo(percent);
      world.person('resume');
      world.settle();
      expect(world.flag.exposure).toEqual(only(25));
      expect(world.state).toMatchObject({ stage: 2, pause: null });
    }
  });

  it('is where the rollout goes on when a person accepts it: from the stage that it serves, whose gate begins anew', () => {
    const world = driftedTo(1);
    const { revision } = world.flag;
    world.now += 5_000;
    world.person('accept-drift');
    expect(world.pending).toEqual([]);
    expect(world.state).toMatchObject({ stage: 0, stageSince: world.now, pause: null, exposure: only(1) });
    expect(world.flag.revision).toBe(revision);
    expect(world.gate).toMatchObject({ stage: 0, expected: { revision } });
    expect(world.journal.slice(-2)).toMatchObject([
      { transition: 'drift-accepted', cause: { kind: 'person', by: 'kim', reason: 'because' } },
      { transition: 'stepped-back', flagBefore: revision, flagAfter: revision },
    ]);
    expect(world.journal.at(-2)?.summary).toBe(
      'kim accepts what the flag serves, 1 %: the rollout goes on from stage 1%. Reason: because.',
    );
    // Up again one stage at a time, each by a gate that has passed.
    world.report(assessment('pass'));
    world.event({ kind: 'peers', older: [] });
    world.settle();
    expect(world.flag.exposure).toEqual(only(5));
  });

  it('is lowered to the stage within it where it lies between two', () => {
    const world = driftedTo(7);
    const { revision } = world.flag;
    world.person('accept-drift');
    expect(world.pending).toMatchObject([{ exposure: only(5), expectedRevision: revision }]);
    expect(world.journal.at(-1)?.summary).toContain('it is lowered to the stage within it');
    world.settle();
    expect(world.flag.exposure).toEqual(only(5));
    expect(world.state).toMatchObject({ stage: 1, pause: null, write: null });
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'stepped-back',
      flagBefore: revision,
      flagAfter: revision + 1,
    });
  });

  it('pauses it again where somebody moves the flag once more before that has landed', () => {
    for (const percent of [2, 90]) {
      const world = driftedTo(7);
      world.person('accept-drift');
      world.drift(percent);
      world.settle();
      expect(world.flag.exposure).toEqual(only(percent));
      expect(world.state.stage).toBe(2);
      expect(world.state.pause?.causes).toMatchObject([{ kind: 'drift' }]);
    }
  });

  it('is lowered later where the write failed', () => {
    const world = driftedTo(7);
    world.person('accept-drift');
    world.lose(0);
    world.answer(0);
    expect(world.flag.exposure).toEqual(only(7));
    world.tick();
    world.settle();
    expect(world.flag.exposure).toEqual(only(5));
    expect(world.state.stage).toBe(1);
  });

  it('is news to its gate also when it is moved again before the next poll', () => {
    const world = driftedTo(80);
    const seen = (percent: number, revision: number) => ({
      assessment: assessment('hold'),
      flag: { revision, exposure: only(percent), latch: null },
      overdue: false,
    });
    const { gate, flag } = world;
    if (gate === null) throw new Error('no gate');
    expect(reportKey(seen(80, flag.revision), gate.expected)).toBe(gate.key);
    expect(reportKey(seen(10, flag.revision + 1), gate.expected)).not.toBe(gate.key);
  });

  it('is told again when it is moved again before anybody has answered', () => {
    const world = driftedTo(80);
    world.drift(5);
    world.report(assessment('hold'));
    world.report(assessment('hold'));
    const told = world.journal.filter(({ transition }) => transition === 'drift');
    expect(told.map(({ exposure }) => exposure.percent)).toEqual([80, 5]);
    expect(told[1]?.summary).toContain('Still paused: somebody else moved the flag');
    expect(viewOf(world.state, world.now).pause?.reason).toContain('it serves 5 %');
  });

  it('stays in its stage where it was moved and moved back', () => {
    const world = driftedTo(25);
    world.person('accept-drift');
    expect(world.pending).toEqual([]);
    expect(world.state).toMatchObject({ stage: 2, pause: null });
    expect(world.journal.at(-1)).toMatchObject({ transition: 'drift-accepted', stage: '25%' });
  });

  it.each<[number, string[], string]>([
    [80, [], 'the flag serves 80 %, more than the 25 % of stage 25%'],
    [5, ['beta'], 'the flag serves 5 % + beta, more than the 25 % of stage 25%'],
    [0, [], 'the flag serves nobody, less than the first stage: there is no stage to go on from'],
  ])('is not accepted at %d percent + %j', (percent, segments, message) => {
    const world = driftedTo(percent, { segments });
    expect(why(world, 'accept-drift')).toEqual({ code: 'FLAG_DRIFT', message });
    expect(why(world, 'resume')).toBeNull();
    expect(why(world, 'step-back')).toBeNull();
    expect(why(world, 'rollback')).toBeNull();
  });

  it('is taken for the canary where that is called by its name, and for nobody on another variant', () => {
    const world = driftedTo(5);
    const named = (percent: number, variant: string) => {
      world.state = { ...world.state, exposure: { percent, segments: [], variant } };
      return why(world, 'accept-drift')?.message ?? null;
    };
    const { canary } = world.state.plan.flag;
    expect(named(5, canary)).toBeNull();
    expect(named(80, canary)).toContain('more than the 25 %');
    expect(named(5, 'safe')).toContain('less than the first stage');
  });

  it('leaves the other causes of the pause, which are answered for themselves', () => {
    const world = driftedTo(5);
    world.person('pause');
    world.person('accept-drift');
    expect(world.state.pause?.causes).toMatchObject([{ kind: 'person' }]);
    expect(world.state.stage).toBe(1);
  });

  it('is accepted only while it pauses the rollout, and once', () => {
    const world = driftedTo(7);
    world.person('accept-drift');
    expect(why(world, 'accept-drift')).toMatchObject({ code: 'NOT_WAITING' });
    world.settle();
    expect(why(world, 'accept-drift')).toMatchObject({ code: 'NOT_WAITING' });
  });
});

describe('what is left of a lease that ran out', () => {
  it('is accepted as the stage that it fell back to, which is then watched without a raise', () => {
    const world = driftedTo(25, { plan: { lease: '10m' } });
    world.person('resume');
    world.settle();
    expect(world.state.stage).toBe(2);
    world.flag = { ...world.flag, fallback: only(5) };
    world.lapse();
    world.report(assessment('hold'));
    world.person('accept-drift');
    expect(world.state).toMatchObject({ stage: 1, pause: null, exposure: only(5) });
    expect(world.gate).toMatchObject({ stage: 1, lease: { fallback: only(1) } });
    expect(world.pending).toEqual([]);
  });
});

describe('where nobody answers a drift', () => {
  it.each<[number, number]>([
    [80, 5],
    [7, 5],
    [3, 1],
  ])('a flag at %d percent goes to %d percent, and is not raised', (percent, then) => {
    const world = driftedTo(percent);
    const deadline = world.state.pause?.deadline ?? 0;
    while (world.now < deadline) world.tick();
    world.settle();
    expect(world.flag.exposure).toEqual(only(then));
  });

  it('a flag at 0 % ends the rollout', () => {
    const world = driftedTo(0);
    const deadline = world.state.pause?.deadline ?? 0;
    while (world.now < deadline) world.tick();
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure).toEqual(NO_EXPOSURE);
  });

  it('a step back that meets a flag which somebody has just lowered further pauses instead of raising it', () => {
    const world = driftedTo(25);
    world.person('resume');
    world.settle();
    world.person('step-back');
    world.drift(1);
    world.settle();
    expect(world.flag.exposure).toEqual(only(1));
    expect(world.state.pause?.causes.map(({ kind }) => kind)).toContain('drift');
  });
});

describe('status', () => {
  const next = (world: World) => viewOf(world.state, world.now).next;

  it('says what both answers would do', () => {
    const world = driftedTo(7);
    expect(next(world)).toBe(
      'Paused: a person must act, else it steps back. `tidegate resume` takes the flag back to 25 %; `tidegate accept-drift` goes on from stage 5%, within what it serves.',
    );
    expect(viewOf(world.state, world.now).drift).toEqual({
      restores: only(25),
      accepts: '5%',
      refused: null,
    });
  });

  it('says why one of them cannot be given', () => {
    const world = driftedTo(80);
    expect(next(world)).toContain(
      '`tidegate accept-drift` is refused: the flag serves 80 %, more than the 25 % of stage 25%.',
    );
  });

  it('says nothing of a drift that was answered', () => {
    const world = driftedTo(7);
    world.person('accept-drift');
    expect(viewOf(world.state, world.now)).not.toHaveProperty('drift');
    expect(next(driftedTo(7))).toContain('accept-drift');
    world.settle();
    expect(next(world)).not.toContain('drift');
  });
});
