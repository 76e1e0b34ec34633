import { describe, expect, it } from 'vitest';
import type { CheckAnswer } from '../plans/check.ts';
import { recheckRefusal } from './checks.ts';
import type { ChecksRequest } from './command.ts';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const CHECKS = [
  { name: 'ready', http: { url: 'https://status.example.com/ready' } },
  { name: 'sums', sql: { database: 'orders', query: 'select 1, 1', expect: { agree: 'exactly' } } },
];
const STAGES = [
  { name: '1%', percent: 1, bake: '10s' },
  { name: '5%', percent: 5, bake: '10s', checks: CHECKS },
  { name: '100%', percent: 100, bake: '10s' },
];

function answers(ok: boolean, came = 'status 503'): CheckAnswer[] {
  return [
    { name: 'ready', asked: 'GET …', ok, came, seconds: 0.1, tries: 1 },
    { name: 'sums', asked: 'orders: …', ok: true, came: '1 and 1 agree', seconds: 0.2, tries: 1 },
  ];
}

function asked(world: World): ChecksRequest[] {
  return world.commands.flatMap((command) => (command.kind === 'check' ? [command.request] : []));
}

/** A rollout whose first stage has passed. */
function passed(more: object = {}): World {
  const world = new World(planOf({ stages: STAGES, approvals: {}, ...more }));
  world.event({ kind: 'begin' });
  world.settle();
  world.report(assessment('pass'));
  return world;
}

const kinds = (world: World) => viewOf(world.state, world.now).blockers.map(({ kind }) => kind);

describe('checks at the entry of a stage', () => {
  it('are asked once the gate has passed, and the stage opens when all have answered as expected', () => {
    const world = passed();
    expect(world.state.stage).toBe(0);
    expect(asked(world)).toMatchObject([
      { run: 1, stage: '5%', checks: [{ name: 'ready' }, { name: 'sums' }] },
    ]);
    expect(kinds(world)).toEqual(['checks']);
    expect(world.pending).toEqual([]);
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    expect(world.pending).toHaveLength(1);
    world.settle();
    expect(world.state.stage).toBe(1);
    const line = world.journal.find(({ transition }) => transition === 'checks-passed');
    expect(line?.checks).toEqual(answers(true));
  });

  it('that fail hold the stage with their reason, are told once, and are asked again by themselves', () => {
    const world = passed();
    world.event({ kind: 'checked', run: 1, answers: answers(false) });
    expect(world.pending).toEqual([]);
    const view = viewOf(world.state, world.now);
    expect(view.blockers).toMatchObject([{ kind: 'checks', until: world.now + 300_000 }]);
    expect(view.next).toContain('ready (status 503)');
    expect(view.checks).toMatchObject({ stage: '5%', state: 'failed' });
    expect(nextDeadline(world.state, world.now)).toBe(world.now + 300_000);
    world.report(assessment('pass'));
    expect(asked(world)).toHaveLength(1);
    world.tick();
    expect(asked(world)).toHaveLength(2);
    world.event({ kind: 'checked', run: 2, answers: answers(false, 'status 500') });
    expect(world.journal.filter(({ transition }) => transition === 'check-failed')).toHaveLength(1);
    world.tick();
    world.event({ kind: 'checked', run: 3, answers: answers(true) });
    world.settle();
    expect(world.state.stage).toBe(1);
  });

  it('are asked again at once by a person, who hears what came', () => {
    const world = passed({ policy: { checks: { every: '1h' } } });
    expect(recheckRefusal(world.state)?.code).toBe('NOT_WAITING');
    world.event({ kind: 'checked', run: 1, answers: answers(false) });
    expect(nextDeadline(world.state, world.now)).toBe(world.now + 3_600_000);
    world.person('recheck');
    expect(asked(world)).toHaveLength(2);
    world.event({ kind: 'checked', run: 2, answers: answers(false) });
    expect(world.journal.filter(({ transition }) => transition === 'check-failed')).toHaveLength(2);
  });

  it('never hold up a stop, and what they answer afterwards moves nothing', () => {
    const world = passed();
    world.person('rollback');
    expect(world.pending).toMatchObject([{ direction: 'lower' }]);
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure.percent).toBe(0);
  });

  it('are void after a step back: the answer to an older question opens nothing', () => {
    const world = passed();
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    world.settle();
    expect(world.state.stage).toBe(1);
    world.person('step-back');
    world.settle();
    expect(world.state.stage).toBe(0);
    world.person('resume');
    world.report(assessment('pass'));
    expect(world.pending).toEqual([]);
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    expect(world.pending).toEqual([]);
    world.event({ kind: 'checked', run: 2, answers: answers(true) });
    expect(world.pending).toHaveLength(1);
  });

  it('are asked after everything else: while a window is shut nobody is asked', () => {
    const world = passed({ windows: { allow: ['Mon 00:00-00:01'] } });
    // The first stage waits for its window.
    expect(world.state.stage).toBe(-1);
    world.now = Date.parse('2026-03-02T00:00:30Z');
    world.event({ kind: 'tick' });
    world.settle();
    world.now += 3_600_000;
    world.report(assessment('pass'));
    expect(kinds(world)).toEqual(['window', 'checks']);
    expect(asked(world)).toEqual([]);
  });

  it('that nobody could ask have not passed', () => {
    const world = passed();
    world.event({ kind: 'unchecked', run: 1, detail: 'the worker is gone' });
    expect(viewOf(world.state, world.now).next).toContain('not asked: the worker is gone');
    expect(world.pending).toEqual([]);
  });

  it('may stand before the first stage, before the flag is claimed', () => {
    const stages = [{ ...STAGES[0], checks: CHECKS }, ...STAGES.slice(1)];
    const world = new World(planOf({ stages, approvals: {} }));
    world.event({ kind: 'begin' });
    expect(world.pending).toEqual([]);
    expect(asked(world)).toMatchObject([{ stage: '1%' }]);
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(asked(world)).toHaveLength(1);
  });
});
