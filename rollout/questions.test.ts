import { describe, expect, it } from 'vitest';
import { nextDeadline } from './step.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const HOUR = 3_600_000;

function begun(more: object = {}): World {
  const world = new World(planOf({ approvals: { start: { roles: ['lead'], sla: '4h' } }, ...more }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  return world;
}

const breakGlass = (world: World, by: string, reason: string | null = 'nobody else is awake') =>
  world.event({
    kind: 'person',
    action: 'approve',
    by,
    roles: [],
    reason,
    accept: null,
    breakGlass: true,
  });
const transitions = (world: World) => world.journal.map(({ transition }) => transition);

/** Lets time pass from one thing that is due to the next, for so long. */
function wait(world: World, ms: number): void {
  const end = world.now + ms;
  for (;;) {
    const due = nextDeadline(world.state, world.now);
    if (due === null || due > end) break;
    world.now = Math.max(world.now + 1, due);
    world.event({ kind: 'tick' });
    world.settle();
  }
  world.now = end;
}

describe('a broken glass', () => {
  it('takes effect at once, and holds the next step until a second person confirms it', () => {
    const world = begun();
    breakGlass(world, 'sam');
    world.settle();
    expect(world.state.stage).toBe(0);
    expect(transitions(world)).toEqual([
      'submitted',
      'approval-needed',
      'glass-broken',
      'approved',
      'started',
    ]);
    world.report(assessment('pass'));
    world.settle();
    expect(world.state.stage).toBe(0);
    world.person('approve', 'kim', ['lead']);
    world.settle();
    expect(world.state.stage).toBe(1);
    expect(transitions(world).slice(5)).toEqual(['gate-passed', 'confirmed', 'advanced']);
  });

  it('is not confirmed by who broke it, by the submitter, without the role, or by breaking it again', () => {
    const world = begun();
    breakGlass(world, 'ada');
    world.settle();
    const before = world.state.glass;
    expect(before).toHaveLength(1);
    world.person('approve', 'ada', ['lead']);
    world.person('approve', 'sam', ['lead']);
    world.person('approve', 'kim', ['barista']);
    breakGlass(world, 'ada');
    expect(world.state.glass).toEqual(before);
    expect(transitions(world).filter((one) => one === 'note')).toHaveLength(4);
    breakGlass(world, 'kim');
    expect(world.state.glass).toEqual(before);
    world.person('approve', 'kim', ['lead']);
    expect(world.state.glass).toEqual([]);
  });

  it('needs a reason', () => {
    const world = begun();
    breakGlass(world, 'sam', null);
    expect(world.state.glass ?? []).toEqual([]);
    expect(world.journal.at(-1)?.summary).toContain('REASON_MISSING');
  });

  it('ends as the plan answers silence when nobody confirms it', () => {
    const world = begun();
    breakGlass(world, 'sam');
    world.settle();
    world.report(assessment('pass'));
    wait(world, 5 * HOUR);
    expect(world.state.phase).toBe('rolled-back');
    expect(world.journal.map(({ summary }) => summary).join()).toContain('nobody confirmed what sam did');
  });

  it('is answered with no: the flag goes back', () => {
    const world = begun();
    breakGlass(world, 'sam');
    world.settle();
    world.person('reject', 'kim', ['lead']);
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
  });

  it('never delays a stop', () => {
    const world = begun();
    breakGlass(world, 'sam');
    world.settle();
    world.report(assessment('hard'));
    expect(world.pending).toHaveLength(1);
    world.settle();
    expect(world.state).toMatchObject({ phase: 'rolled-back', glass: [] });
  });
});

describe('a question that nobody answers', () => {
  it('is reminded of at half of its time and near its end, and no more', () => {
    const world = begun();
    wait(world, 2 * HOUR - 1);
    expect(transitions(world)).not.toContain('reminder');
    wait(world, 1);
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(1);
    expect(world.journal.at(-1)?.summary).toBe(
      'Still waits for approval (lead); 120 min are left for an answer.',
    );
    wait(world, 1.9 * HOUR);
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(2);
    wait(world, 10 * HOUR);
    expect(world.state.phase).toBe('rejected');
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(2);
  });

  it('is reminded of once when the clock has jumped over both times', () => {
    const world = begun();
    world.now += 3.8 * HOUR;
    world.event({ kind: 'tick' });
    world.event({ kind: 'tick' });
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(1);
  });

  it('is a pause too, and a new pause is a new question', () => {
    const world = begun();
    world.person('approve', 'kim', ['lead']);
    world.settle();
    world.person('pause');
    wait(world, 2.5 * HOUR);
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(1);
    world.person('resume');
    world.person('pause');
    wait(world, 2.5 * HOUR);
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(2);
    expect(world.journal.at(-1)?.summary).toContain('Still paused (kim');
  });
});

describe('a request for approval that is escalated', () => {
  const escalate = { channel: 'duty', wait: '1h' };
  const notify = [
    { channel: 'chat', events: ['approval-needed'] },
    { channel: 'log', events: ['rejected'] },
  ];
  const start = { roles: ['lead'], sla: '4h', escalate };
  const told = (world: World) =>
    world.commands.flatMap((command) => (command.kind === 'record' ? command.request.notifications : []));

  it('asks others once the time is over, and ends as the plan says only after theirs', () => {
    const world = begun({ approvals: { start }, notify });
    wait(world, 4 * HOUR - 1);
    expect(transitions(world).filter((one) => one === 'reminder')).toHaveLength(2);
    expect(world.journal.at(-1)?.summary).toBe(
      'Still waits for approval (lead); 24 min are left for an answer.',
    );
    wait(world, 1);
    expect(world.journal.at(-1)).toMatchObject({
      transition: 'escalated',
      summary:
        'Nobody has answered in time: duty is asked too. Still waits for approval (lead); 60 min are left for an answer.',
    });
    const last = told(world).slice(-2);
    expect(last.map(({ channel, event }) => [channel, event])).toEqual([
      ['chat', 'escalated'],
      ['duty', 'escalated'],
    ]);
    expect(last[1]?.actions.map(({ label }) => label)).toContain('Approve');
    expect(told(world).filter(({ channel }) => channel === 'duty')).toHaveLength(1);
    wait(world, HOUR - 1);
    expect(world.state.phase).toBe('submitted');
    wait(world, 1);
    expect(world.state.phase).toBe('rejected');
  });

  it('is answered by them, and a clock that jumped over all times escalates once', () => {
    const world = begun({ approvals: { start }, notify });
    world.now += 4.5 * HOUR;
    world.event({ kind: 'tick' });
    world.event({ kind: 'tick' });
    expect(transitions(world).filter((one) => one === 'escalated' || one === 'reminder')).toEqual([
      'escalated',
    ]);
    world.person('approve', 'kim', ['lead']);
    world.settle();
    expect(world.state.stage).toBe(0);
  });
});

describe('an approval that is asked for while the plan lets nothing open', () => {
  const asked = { roles: ['lead'], sla: '4h' };
  const stages = [
    { name: '5%', percent: 5, bake: '10s', approval: asked },
    { name: '100%', percent: 100, bake: '10s' },
  ];
  const friday = (more: object) => {
    const world = new World(planOf({ approvals: {}, stages, ...more }));
    world.now = Date.parse('2026-03-06T18:00:00Z');
    world.event({ kind: 'begin' });
    world.settle();
    return world;
  };

  it('may be answered at once, and is late only so long after the start', () => {
    const world = friday({ approvals: { start: asked }, start: { at: '2026-03-09T09:00:00Z' } });
    expect(world.journal.at(-1)?.summary).toBe(
      'Waits for approval (lead) before 5%. The plan opens that on Mon 2026-03-09 09:00 UTC at the earliest.',
    );
    const due = Date.parse('2026-03-09T13:00:00Z');
    expect(viewOf(world.state, world.now).blockers[0]).toMatchObject({ kind: 'start-approval', until: due });
    wait(world, 63 * HOUR);
    expect(transitions(world)).toEqual(['submitted', 'approval-needed']);
    wait(world, 3 * HOUR);
    expect(transitions(world).at(-1)).toBe('reminder');
    expect(world.journal.at(-1)?.summary).toContain('120 min are left for an answer');
    wait(world, 1 * HOUR);
    expect(world.state.phase).toBe('rejected');
    expect(world.now).toBe(due);
  });

  it('does not cost a healthy canary its stage at the weekend', () => {
    const windows = { timezone: 'Europe/Berlin', allow: ['Mon-Thu 09:00-16:00'] };
    const world = friday({
      stages,
      windows: { ...windows, allow: ['Mon-Thu 09:00-16:00', 'Fri 19:00-20:00'] },
    });
    expect(world.state.stage).toBe(0);
    const next = () => viewOf(world.state, world.now).next;
    expect(next()).toBe('When the gate passes, one of lead must approve; then stage 100% opens.');
    world.now += 2 * HOUR;
    world.report(assessment('hold'));
    expect(next()).toBe(
      'When the gate passes, one of lead must approve; then stage 100% opens, not before Mon 2026-03-09 08:00 UTC.',
    );
    world.report(assessment('pass'));
    world.settle();
    // Berlin's clock is an hour ahead of UTC.
    const opens = Date.parse('2026-03-09T08:00:00Z');
    expect(viewOf(world.state, world.now).blockers).toMatchObject([
      { kind: 'approval', until: opens + 4 * HOUR },
      { kind: 'window', until: opens },
    ]);
    expect(next()).toBe(
      'Before stage 100% opens: waits for approval by one of lead; outside the windows of the plan (until Mon 2026-03-09 08:00 UTC).',
    );
    wait(world, 60 * HOUR);
    expect(world.state).toMatchObject({ phase: 'active', stage: 0, exposure: { percent: 5 } });
    expect(transitions(world)).not.toContain('reminder');
    wait(world, 4 * HOUR);
    expect(transitions(world)).toContain('rollback-requested');
  });

  it('is late as before in a rollout that was under way before that was so', () => {
    const world = friday({ approvals: { start: asked }, start: { at: '2026-03-09T09:00:00Z' } });
    const { patient: _patient, answersFrom: _from, ...older } = world.state;
    world.state = older;
    wait(world, 4 * HOUR);
    expect(world.state.phase).toBe('rejected');
  });
});
