import { describe, expect, it } from 'vitest';
import type { CheckAnswer } from '../plans/check.ts';
import type { PersonEvent } from './event.ts';
import { refusal } from './refusals.ts';
import { viewOf } from './view.ts';
import { planOf, World } from './world.fixture.ts';

const BEFORE = { evidence: ['tests'], waive: { roles: ['release-lead'] } };

function answers(ok: boolean): CheckAnswer[] {
  const came = ok ? 'ok: ci' : 'nobody has told';
  return [{ name: 'before: tests', asked: 'what was told of tests', ok, came, seconds: 0, tries: 1 }];
}

function submitted(more: object = {}): World {
  const world = new World(planOf({ approvals: {}, before: BEFORE, ...more }));
  world.event({ kind: 'begin' });
  return world;
}

const waiver = (more: Partial<PersonEvent> = {}): PersonEvent => ({
  kind: 'person',
  action: 'waive',
  by: 'kim',
  roles: ['release-lead'],
  reason: 'security mend',
  accept: null,
  breakGlass: false,
  ...more,
});

describe('what must hold before a rollout begins', () => {
  it('is looked for at once, and the first stage opens when it holds', () => {
    const world = submitted();
    expect(world.asked).toMatchObject({ run: 1, checks: [], before: { flag: { key: 'pricing' } } });
    expect(world.pending).toEqual([]);
    world.event({ kind: 'checked', run: 1, answers: answers(true) });
    world.settle();
    expect(world.state.stage).toBe(0);
    // The stages after it ask for nothing of the kind.
    expect(world.commands.filter(({ kind }) => kind === 'check')).toHaveLength(1);
  });

  it('is looked for while people are still asked, and again right before the start', () => {
    const world = submitted({ approvals: { start: { roles: ['lead'] } } });
    world.event({ kind: 'checked', run: 1, answers: answers(false) });
    expect(viewOf(world.state, world.now).blockers.map(({ kind }) => kind)).toEqual([
      'start-approval',
      'checks',
    ]);
    world.now += 3_600_000;
    world.person('approve');
    expect(world.asked).toMatchObject({ run: 2 });
    world.event({ kind: 'checked', run: 2, answers: answers(true) });
    world.settle();
    expect(world.state.stage).toBe(0);
  });

  it('that lacks holds the rollout with its reason', () => {
    const world = submitted();
    world.event({ kind: 'checked', run: 1, answers: answers(false) });
    expect(world.pending).toEqual([]);
    expect(viewOf(world.state, world.now).next).toContain('before: tests (nobody has told)');
    expect(world.journal.at(-1)).toMatchObject({ transition: 'check-failed', checks: answers(false) });
  });

  it('is waived by somebody with the role, who says why; others are refused', () => {
    const world = submitted();
    world.event({ kind: 'checked', run: 1, answers: answers(false) });
    expect(refusal(world.state, waiver({ reason: null }))?.code).toBe('REASON_MISSING');
    expect(refusal(world.state, waiver({ by: 'sam' }))?.code).toBe('OWN_ROLLOUT');
    expect(refusal(world.state, waiver({ roles: ['on-call'] }))?.code).toBe('ROLE_MISSING');
    world.event(waiver());
    world.settle();
    expect(world.state.stage).toBe(0);
    const line = world.journal.find(({ transition }) => transition === 'before-waived');
    expect(line?.summary).toContain('security mend. Lacking: before: tests (nobody has told)');
    expect(refusal(world.state, waiver())?.code).toBe('NOT_WAITING');
  });

  it('cannot be waived where the plan names nobody for it', () => {
    const world = submitted({ before: { evidence: ['tests'] } });
    expect(refusal(world.state, waiver())?.code).toBe('ROLE_MISSING');
  });

  it('does not spare the checks of the first stage', () => {
    const check = { name: 'ready', command: ['ready'] };
    const world = submitted({ stages: [{ name: '100%', percent: 100, checks: [check] }] });
    world.event(waiver());
    expect(world.pending).toEqual([]);
    expect(world.asked).toMatchObject({ run: 2, checks: [{ name: 'ready' }] });
    expect(world.asked?.before).toBeUndefined();
  });
});
