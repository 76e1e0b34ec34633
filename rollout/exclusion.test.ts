import { describe, expect, it } from 'vitest';
import { stageExposure } from '../plans/stages.ts';
import { amendRefusal } from './amend.ts';
import type { PersonEvent } from './event.ts';
import { climb, exclusion } from './orders.fixture.ts';
import { refusal } from './refusals.ts';
import { openRollout } from './state.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const out = exclusion('tenant=acme');
const acme: PersonEvent = {
  kind: 'person',
  action: 'exclude',
  by: 'kim',
  roles: [],
  reason: 'they complain',
  accept: null,
  breakGlass: false,
  who: { tenant: 'acme' },
};

function begun(stages = 1, more: object = {}): World {
  const world = new World(planOf({ approvals: {}, ...more }));
  world.event({ kind: 'begin' });
  world.settle();
  climb(world, stages);
  return world;
}

describe('somebody is taken off the canary', () => {
  it('at once, by a lowering write that asks nobody, with who and why, and stays off in later stages', () => {
    const world = begun();
    expect(world.state.stage).toBe(1);
    world.person('pause');
    const before = world.commands.length;
    world.event(acme);
    const [write] = world.pending;
    expect(write).toMatchObject({
      direction: 'lower',
      exposure: { percent: 1, segments: ['employees'], without: ['tenant=acme'] },
    });
    world.settle();
    expect(world.flag.exposure.without).toEqual(['tenant=acme']);
    expect(world.journal.filter(({ transition }) => transition === 'excluded')).toMatchObject([
      { cause: { kind: 'person', by: 'kim', reason: 'they complain' }, flagBefore: world.flag.revision - 1 },
    ]);
    expect(world.state.excluded).toMatchObject([
      { name: 'tenant=acme', by: 'kim', reason: 'they complain', revision: world.flag.revision },
    ]);
    // The gate that watches on knows whom it does not count.
    const gates = world.commands.slice(before).filter(({ kind }) => kind === 'watch');
    expect(gates.at(-1)).toMatchObject({ request: { plan: { exclude: { tenants: ['acme'] } } } });
    world.person('resume');
    climb(world, 2);
    expect(world.state.stage).toBe(3);
    expect(world.flag.exposure).toEqual({
      percent: 100,
      segments: ['employees'],
      variant: null,
      without: ['tenant=acme'],
    });
    world.report(assessment('hard'));
    world.settle();
    expect(world.flag.exposure).toEqual({ percent: 0, segments: [], variant: null });
  });

  it('before the first stage too, and when its next stage is on the way already', () => {
    const early = begun(0, { approvals: { start: { roles: ['lead'] } } });
    expect(early.state.stage).toBe(-1);
    out(early);
    expect(early.pending).toEqual([]);
    early.person('approve');
    early.settle();
    climb(early, 1);
    expect(early.flag.exposure.without).toEqual(['tenant=acme']);

    const late = begun();
    late.report(assessment('pass'));
    late.person('approve');
    expect(late.state.write?.purpose).toBe('advance');
    out(late);
    // The raise may land first or last: either way they do not keep the canary, and the stage opens after it.
    late.land(1);
    late.land(0);
    late.answer(1);
    late.settle();
    expect(late.flag.exposure).toEqual(stageExposure(late.state.plan, 2));
    expect(late.flag.exposure.without).toEqual(['tenant=acme']);
    expect(late.state.pause).toBeNull();
  });

  it('when the stage that would give it to them is on its way and nobody is served yet', () => {
    const stages = [
      { name: 'shadow', shadow: {}, bake: '10s' },
      { name: 'internal', audience: { segments: ['employees'] }, bake: '10s' },
      { name: '100%', percent: 100, bake: '10s' },
    ];
    const world = begun(0, { stages, approvals: {} });
    world.settle();
    world.report(assessment('pass'));
    expect(world.state).toMatchObject({ stage: 0, write: { purpose: 'advance' } });
    const who = { segment: 'employees' };
    const by = { by: 'kim', roles: [], reason: 'complaints', accept: null, breakGlass: false };
    world.event({ kind: 'person', action: 'exclude', ...by, who });
    // The raise lands all the same, and what was decided after it does not get through.
    world.land(0);
    expect(world.flag.exposure).toEqual({ percent: 0, segments: ['employees'], variant: null });
    world.answer(0);
    expect(world.state.write?.purpose).toBe('exclude');
    world.lose(0);
    world.land(0);
    world.answer(0);
    expect(world.flag.exposure).toEqual({ percent: 0, segments: [], variant: null, mode: 'shadow' });
    world.answer(0);
    expect(world.journal.at(-1)?.summary).toBe('The flag is back at what the stage serves.');
    world.report(assessment('pass'));
    world.settle();
    expect(world.flag.exposure).toMatchObject({ without: ['employees'] });
    expect(world.state).toMatchObject({ stage: 1, pause: null });
  });

  it('answers a soft stop that was about them alone, and no other', () => {
    for (const [slice, paused] of [
      ['tenant=acme', false],
      ['tenant=globex', true],
    ] as const) {
      const world = begun();
      world.report(assessment('soft', { metric: 'errors', slice }));
      expect(world.state.pause).not.toBeNull();
      world.event(acme);
      world.settle();
      expect(world.state.pause !== null).toBe(paused);
    }
  });

  it('is let in again only by a second person, and not while something speaks against the canary', () => {
    const world = begun();
    out(world);
    world.settle();
    expect(refusal(world.state, { ...acme, action: 'include', reason: null })?.code).toBe('REASON_MISSING');
    world.event({ ...acme, action: 'include' });
    expect(world.pending).toEqual([]);
    world.person('approve', 'kim');
    expect(world.state.amendment?.include).toBe('tenant=acme');
    world.report(assessment('no-data'));
    world.person('approve', 'ada');
    expect(world.state.excluded).toEqual([]);
    expect(world.pending).toEqual([]);
    world.report(assessment('hold'));
    expect(world.pending).toMatchObject([{ direction: 'raise' }]);
    world.settle();
    expect(world.flag.exposure).toEqual({ percent: 1, segments: ['employees'], variant: null });
    expect(world.journal.map(({ transition }) => transition)).toContain('included');
  });

  it('is refused without a reason, twice, elsewhere than in the embedded flag service, and once forward-only users have it', () => {
    const code = (world: World, event = acme) => refusal(world.state, event)?.code ?? null;
    expect(code(begun(), { ...acme, reason: null })).toBe('REASON_MISSING');
    const { who: _, ...nobody } = acme;
    expect(code(begun(), nobody)).toBe('USAGE');
    const twice = begun();
    out(twice);
    expect(code(twice)).toBe('NOT_WAITING');
    expect(code(begun(1, { flag: { key: 'pricing', provider: 'unleash' } }))).toBe('EXCLUDE_REFUSED');
    const forward = {
      reversibility: 'forward-only',
      safeExposure: { variant: 'paused' },
      flag: { key: 'pricing', variants: { on: true, off: false, paused: 'paused' } },
    };
    const world = begun(1, forward);
    expect(code(world)).toBe('EXCLUDE_REFUSED');
    expect(
      amendRefusal(world.state, {
        plan: planOf({ ...forward, approvals: {}, exclude: { tenants: ['acme'] } }),
      }),
    ).toMatchObject({ code: 'AMEND_REFUSED' });
  });

  it('stays off through an amended plan that does not know of it, and through a retry', () => {
    const world = begun();
    out(world);
    world.settle();
    const plan = planOf({ approvals: {}, metadata: { name: 'pricing', service: 'shop', title: 'new' } });
    world.event({ kind: 'amend', by: 'sam', roles: [], reason: null, plan, text: '' });
    expect(world.state.planRevision).toBe(2);
    expect(world.state.plan.exclude).toEqual({ tenants: ['acme'] });
    expect(world.pending).toEqual([]);
    const retried = openRollout({
      id: 'pricing-2',
      plan,
      submittedBy: { by: 'sam', roles: [] },
      at: 0,
      origin: {
        kind: 'retry',
        of: 'pricing-1',
        stage: 'internal',
        cause: 'errors',
        reason: 'mended',
        changes: [],
        excluded: world.state.excluded ?? [],
      },
    });
    expect(stageExposure(retried.plan, 3).without).toEqual(['tenant=acme']);
    expect(retried.excluded).toMatchObject([{ name: 'tenant=acme', by: 'kim', revision: null }]);
  });

  it('comes off what somebody else has set as well, without raising that', () => {
    const world = begun();
    world.drift(0.5);
    out(world);
    world.settle();
    world.report(assessment('pass'));
    expect(world.state.pause?.causes.map(({ kind }) => kind)).toEqual(['drift']);
    expect(world.flag.exposure).toEqual({
      percent: 0.5,
      segments: [],
      variant: null,
      without: ['tenant=acme'],
    });
  });
});
