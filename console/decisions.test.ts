import { describe, expect, it } from 'vitest';
import { stopCause } from '../plans/standing-words.ts';
import type { RolloutView } from '../plans/view.ts';
import type { Powers } from '../server/api/console-board.ts';
import {
  exampleAssessment,
  exampleLive,
  exampleView,
  NOON,
  rolledBackView,
} from '../test/fixtures/rollout-view.ts';
import { type Asked, offersOf } from './page/rollout/actions.ts';
import { consequencesOf } from './page/rollout/consequences.ts';
import { situationOf } from './page/rollout/situation.ts';

const ALL: Powers = { may: ['read', 'submit', 'approve', 'operate', 'administer'], roles: ['on-call'] };
const asked = (view: RolloutView, over: Partial<Asked> = {}): Asked => ({
  view,
  assessment: exampleAssessment(),
  powers: ALL,
  person: 'kim',
  roles: ['on-call'],
  ...over,
});
const IN_DOUBT = { kind: 'doubt', part: 'errors', detail: 'errors', until: NOON / 1000 + 420 } as const;
const waiting = exampleView({
  blockers: [{ kind: 'approval', text: 'waits for approval', until: NOON + 60_000, roles: ['on-call'] }],
});
const paused = exampleView({
  pause: { reason: 'errors', since: NOON - 60_000, deadline: NOON + 600_000, then: 'step-back' },
});
const deeds = (of: Asked) => offersOf(of).map(({ deed }) => deed);

describe('what is offered', () => {
  it('is only to go faster while it goes back stage by stage, and to let somebody in who was taken off', () => {
    const steps = [{ exposure: { percent: 1, segments: [], variant: null }, at: NOON }];
    expect(deeds(asked(exampleView({ descent: { from: '5%', steps } })))).toEqual([
      'rollback',
      'exclude',
      'kill',
    ]);
    const excluded = [{ name: 'tenant=acme', by: 'ada', reason: 'totals', at: NOON, revision: 4 }];
    expect(deeds(asked(exampleView({ excluded })))).toContain('include');
  });

  it('is the answer to what is asked first, and always the way back', () => {
    expect(deeds(asked(waiting))).toEqual([
      'approve',
      'reject',
      'step-back',
      'pause',
      'exclude',
      'rollback',
      'abandon',
      'kill',
    ]);
    const soft = exampleAssessment({ verdict: 'soft' });
    expect(deeds(asked(paused, { assessment: soft }))).toEqual([
      'accept-difference',
      'step-back',
      'exclude',
      'rollback',
      'abandon',
      'kill',
    ]);
    expect(deeds(asked(paused))).toEqual(['resume', 'step-back', 'exclude', 'rollback', 'abandon', 'kill']);
    const hard = exampleAssessment({ verdict: 'hard' });
    expect(deeds(asked({ ...waiting, pause: paused.pause }, { assessment: hard }))).toEqual([
      'step-back',
      'exclude',
      'rollback',
      'abandon',
      'kill',
    ]);
  });

  it('is nothing once it is over or goes back, but to retry what was taken back', () => {
    expect(deeds(asked(exampleView({ phase: 'completed' })))).toEqual([]);
    expect(deeds(asked(exampleView({ phase: 'superseded' })))).toEqual([]);
    expect(offersOf(asked(rolledBackView()))).toMatchObject([{ deed: 'retry', reason: true }]);
    expect(deeds(asked(exampleView({ phase: 'reverting' })))).toEqual([]);
  });

  it('says why it is not for this person', () => {
    const refusal = (of: Asked) => offersOf(of)[0]?.refused;
    expect(refusal(asked(waiting))).toBeNull();
    expect(refusal(asked(waiting, { person: 'ada' }))).toBe(
      'ada submitted this rollout: somebody else approves it.',
    );
    expect(refusal(asked(waiting, { roles: ['dba'] }))).toBe('It takes on-call; kim is dba.');
    expect(refusal(asked(waiting, { powers: { may: ['read'], roles: [] } }))).toBe(
      'kim may not approve here.',
    );
  });
});

describe('what a decision will do', () => {
  const seen = { view: exampleView(), live: exampleLive() };

  it('is told in requests a minute, which follow from the stage so far', () => {
    // 2,000 requests in 195 s at 5 %.
    expect(consequencesOf('rollback', seen, NOON)).toEqual([
      'The new path goes from 5 % + employees to nobody, within seconds.',
      'About 620 requests a minute return to the old path.',
      'This rollout ends. Afterwards it can be retried.',
    ]);
    expect(consequencesOf('step-back', seen, NOON)).toContain(
      'About 490 requests a minute return to the old path.',
    );
    expect(consequencesOf('approve', { ...seen, view: waiting }, NOON)).toEqual([
      'Stage 25% opens: 5 % + employees becomes 25 %.',
      'About 2,500 more requests a minute meet the new path.',
      'It moves as soon as nobody else is asked.',
    ]);
  });

  it('says that it is not known where nothing was counted', () => {
    expect(consequencesOf('kill', { ...seen, live: null }, NOON)).toEqual([
      'The new path goes from 5 % + employees to nobody, within seconds.',
      'How many requests return to the old path is not known: none were counted yet.',
      'Nothing raises this flag again until somebody unlocks it.',
    ]);
  });

  it('names the difference that an approval of a soft stop accepts', () => {
    const live = exampleLive({ verdict: 'soft', metric: 'errors' });
    expect(consequencesOf('accept-difference', { ...seen, live }, NOON)[0]).toBe(
      'errors may differ by up to +0.31 pp from now on, instead of +0.1 pp.',
    );
  });

  it('is a stop all the same where the difference that is in doubt stands', () => {
    const live = exampleLive({ holding: [IN_DOUBT] });
    expect(consequencesOf('resume', { view: paused, live }, NOON).at(-1)).toBe(
      'It is a stop by itself in 7 min, if the difference stands.',
    );
  });

  it('names what had stopped the rollout that is retried', () => {
    const [cause] = consequencesOf('retry', { view: rolledBackView(), live: null }, NOON);
    expect(cause).toBe(`What stopped ${rolledBackView().id}: ${stopCause(rolledBackView())}.`);
  });

  it('is to lower the flag when a rollout is abandoned between nobody and everybody', () => {
    expect(consequencesOf('abandon', seen, NOON)[0]).toContain('to nobody, within seconds');
    const view = exampleView({ exposure: { percent: 100, segments: [], variant: null } });
    expect(consequencesOf('abandon', { ...seen, view }, NOON)).toEqual([
      'This rollout ends. The flag stays: everyone. Nobody watches it any more.',
    ]);
  });

  it('is the safe exposure where a plan cannot go back', () => {
    const view = exampleView({ safeExposure: { percent: 5, segments: ['employees'], variant: null } });
    expect(consequencesOf('rollback', { ...seen, view }, NOON)[0]).toBe(
      "5 % + employees: nobody's path changes.",
    );
  });
});

describe('what happened', () => {
  it('is told with what follows if nobody answers', () => {
    const soft = exampleAssessment({ verdict: 'soft', metric: 'errors' });
    expect(situationOf(paused, soft, NOON)).toMatchObject({
      heading: 'Paused: the new path looks worse in errors, 1 min ago',
      why: 'errors',
      then: 'If nobody answers, it steps back by itself in 10 min.',
    });
    const doubt = exampleAssessment({ holding: [IN_DOUBT] });
    expect(situationOf(paused, doubt, NOON)).toMatchObject({
      heading: 'Paused, 1 min ago',
      then: 'If that stands, it is a stop in 7 min. If nobody answers, it steps back by itself in 10 min.',
    });
    expect(situationOf(rolledBackView(), null, NOON)).toMatchObject({
      heading: 'Rolled back 30 s ago',
      why: 'hard stop by the gate: errors: canary 12 % against 0.49 %',
    });
  });
});
