import { describe, expect, it } from 'vitest';
import type { AlertScope } from './event.ts';
import { planOf, World } from './world.fixture.ts';

function told(scope: AlertScope, alerts: object = {}): World {
  const world = new World(planOf({ approvals: {}, alerts }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  const detail = 'critical, reported by ada';
  world.event({ kind: 'alert', name: 'wrong totals', scope, status: 'firing', detail });
  world.settle();
  return world;
}

const cause = { kind: 'alert', name: 'wrong totals', detail: 'critical, reported by ada' };

it('an alert names whoever told of it, in the cause and in its line', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  const alert = {
    kind: 'alert',
    name: 'Slow',
    scope: 'canary',
    detail: 'p99',
    from: 'alertmanager-eu',
  } as const;
  world.event({ ...alert, status: 'resolved' });
  expect(world.journal.at(-1)).toMatchObject({
    cause: { kind: 'alert', name: 'Slow', from: 'alertmanager-eu' },
    summary: 'Alert Slow is resolved, told by alertmanager-eu.',
  });
  world.event({ ...alert, status: 'firing' });
  world.settle();
  const stop = world.journal.find(({ transition }) => transition === 'hard-stop' || transition === 'paused');
  expect(stop?.cause).toMatchObject({ from: 'alertmanager-eu' });
});

describe('a critical bug', () => {
  it('pauses, where the plan says nothing', () => {
    const world = told('bug');
    expect(world.state.phase).toBe('active');
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'paused',
      cause,
      summary: 'Paused: a critical bug, wrong totals: critical, reported by ada.',
    });
  });

  it('rolls back where the plan says so, and says who reported it', () => {
    const world = told('bug', { bug: 'rollback' });
    expect(world.state.phase).toBe('rolled-back');
    expect(world.journal.find(({ transition }) => transition === 'hard-stop')).toMatchObject({
      cause,
      summary: 'Stopped by a critical bug, wrong totals: critical, reported by ada',
    });
  });

  it('is a line in the journal where the plan says so, as any lesser one is', () => {
    for (const world of [told('bug', { bug: 'note' }), told('minor-bug', { bug: 'rollback' })]) {
      expect(world.state).toMatchObject({ phase: 'active', pause: null });
      expect(world.journal.at(-1)).toMatchObject({ transition: 'alert', cause });
    }
  });

  it('goes on, where it is noted, and a lesser one and a deployment are over at once', () => {
    const status = (world: World) => {
      const cause = world.journal.at(-1)?.cause;
      return cause?.kind === 'alert' ? cause.status : null;
    };
    expect(status(told('bug', { bug: 'note' }))).toBe('firing');
    expect(status(told('minor-bug'))).toBe('noted');
    expect(status(told('deploy', { deploy: 'note' }))).toBe('noted');
    const over = told('service', { service: 'note' });
    expect(status(over)).toBe('firing');
    over.event({ kind: 'alert', name: 'wrong totals', scope: 'service', status: 'resolved', detail: '' });
    expect(status(over)).toBe('resolved');
  });

  it('that comes to a rollout of before bugs were known is a line in its journal', () => {
    const world = told('minor-bug');
    const { bug: _bug, ...alerts } = world.state.plan.alerts;
    world.state = { ...world.state, plan: { ...world.state.plan, alerts: alerts as never } };
    world.event({ kind: 'alert', name: 'b', scope: 'bug', status: 'firing', detail: '' });
    expect(world.state.pause).toBeNull();
  });
});
