import { describe, expect, it } from 'vitest';
import type { Holding } from '../plans/assessment.ts';
import { checkLines, forecastText } from '../plans/standing-words.ts';
import { forecast } from './forecast.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const STAGES = [
  { name: '1%', percent: 1, bake: '24h' },
  { name: '10%', percent: 10, bake: '24h' },
  { name: '100%', percent: 100, bake: '24h' },
];
const HOUR = 3_600_000;
/** A Monday. */
const BEGIN = Date.parse('2026-03-02T09:00:00Z');

function inFirst(more: object = {}): World {
  const world = new World(planOf({ stages: STAGES, approvals: {}, ...more }));
  world.now = BEGIN;
  world.event({ kind: 'begin' });
  world.settle();
  return world;
}

function at(world: World, holding: Holding[] = [], requests: number | null = null) {
  const { plan } = world.state;
  const canary = requests === null ? null : { canary: { requests, ratios: {}, histograms: {} } };
  const seen = holding.length === 0 ? null : assessment('hold', { stage: '1%', holding });
  return forecast({
    plan,
    view: viewOf(world.state, world.now),
    assessment: seen,
    sample: canary,
    now: world.now,
  });
}

describe('the forecast', () => {
  it('is the bake times one after the other where nothing else holds', () => {
    const world = inFirst();
    const due = BEGIN + 48 * HOUR;
    expect(at(world)).toEqual({ goal: '100%', earliest: due, expected: due, waitsFor: ['the gate of 1%'] });
  });

  it('of a decommission is the time for which the old path must be unused: it has no bake time', () => {
    const last = { name: 'gone', decommission: { cleanFor: '2h' } };
    const world = inFirst({ stages: [{ name: '100%', percent: 100, bake: '1h' }, last] });
    const due = BEGIN + 3 * HOUR;
    expect(at(world)).toMatchObject({ goal: null, earliest: due, expected: due });
  });

  it('waits for windows, freezes and the start, in their time zones', () => {
    const windows = { timezone: 'Europe/Berlin', allow: ['Mon-Thu 09:00-16:00'] };
    const stages = STAGES.map((stage, index) =>
      index === 2 ? { ...stage, windows: { timezone: 'UTC', allow: ['Fri 12:00-13:00'] } } : stage,
    );
    const told = at(inFirst({ windows, stages }));
    expect(told?.earliest).toBe(Date.parse('2026-03-06T12:00:00Z'));
    expect(told?.waitsFor).toContain('the window of 100% (Fri 2026-03-06 12:00 UTC)');
    const later = at(inFirst({ start: { at: '2026-03-09T09:00:00Z' } }));
    expect(later?.earliest).toBe(Date.parse('2026-03-11T09:00:00Z'));
    expect(later?.waitsFor[0]).toContain('until Mon 2026-03-09 09:00 UTC');
  });

  it('takes the clean days of the last stage, whatever its bake time and minimums', () => {
    const stages = [
      { name: '100%', percent: 100, bake: '2h' },
      { name: 'old path', minRequests: 1000, decommission: { cleanFor: '1h' } },
    ];
    const world = inFirst({ stages });
    const { plan } = world.state;
    const of = (now: number) =>
      forecast({ plan, view: viewOf(world.state, now), assessment: null, sample: null, now });
    const due = BEGIN + 3 * HOUR;
    expect(of(BEGIN)).toMatchObject({ earliest: due, expected: due, goal: null });
  });

  it('of a retry that has not begun goes by the stage that it begins at, and names all who are passed over', () => {
    const stages = STAGES.map((stage, index) =>
      index === 0 ? { ...stage, approval: { roles: ['lead'] } } : stage,
    );
    const plan = planOf({ stages, approvals: { start: { roles: ['boss'] } } });
    const origin = { of: 'pricing-0', cause: 'it was slow', reason: 'mended', changes: [] };
    const from = (stage: string) => {
      const world = new World(plan, { kind: 'retry', stage, ...origin });
      world.now = BEGIN;
      world.event({ kind: 'begin' });
      world.settle();
      return world;
    };
    const asked = (stage: string) => ['boss', 'lead'].map((role) => `approval by ${role} before ${stage}`);
    expect(at(from('100%'))).toMatchObject({ goal: '100%', earliest: BEGIN, waitsFor: asked('100%') });
    const last = from('10%');
    expect(at(last)).toMatchObject({ earliest: BEGIN + 24 * HOUR, waitsFor: asked('10%') });
    last.person('approve', 'kim', ['boss']);
    expect(at(last)?.waitsFor).toEqual(['approval by lead before 10%']);
    last.person('approve', 'lea', ['lead']);
    last.settle();
    expect(at(last)).toMatchObject({ earliest: BEGIN + 24 * HOUR, waitsFor: ['the gate of 10%'] });
  });

  it('is later at the rate of the evidence: half the requests after 20 hours take 20 more', () => {
    const world = inFirst();
    world.now = BEGIN + 20 * HOUR;
    const told = at(world, [{ kind: 'requests', have: 500, need: 1000 }]);
    expect(told).toMatchObject({ earliest: BEGIN + 48 * HOUR, expected: BEGIN + (40 + 24) * HOUR });
    expect(forecastText(told ?? { goal: '', earliest: 0, expected: 0, waitsFor: [] })).toBe(
      '100% on Thu 2026-03-05 01:00 UTC at this rate; earliest Wed 2026-03-04 09:00 UTC',
    );
  });

  it('counts the minimums of stages ahead at the present traffic and their share', () => {
    const stages = STAGES.map((stage, index) => (index === 1 ? { ...stage, minRequests: 172_800 } : stage));
    // 0.1 a second at 1 % are 1 a second at 10 %: two days.
    const told = at(inFirst({ stages }), [{ kind: 'bake', until: 1 }], 1.5);
    expect(told?.expected).toBe(BEGIN + (24 + 48) * HOUR);
    expect(told?.earliest).toBe(BEGIN + 48 * HOUR);
  });

  it('names the people and checks on the way, and says no time while a person must decide', () => {
    const stages = STAGES.map((stage, index) =>
      index === 1
        ? { ...stage, approval: { roles: ['on-call'] }, checks: [{ name: 'ready', command: ['ready'] }] }
        : stage,
    );
    const world = inFirst({ stages });
    expect(at(world)?.waitsFor).toEqual([
      'the gate of 1%',
      'checks before 10%',
      'approval by on-call before 100%',
    ]);
    world.person('pause');
    expect(at(world)).toMatchObject({ expected: null, earliest: BEGIN + 48 * HOUR });
    world.person('rollback');
    world.settle();
    expect(at(world)).toBeNull();
  });

  it('names the other rollouts that it waits for, and no time while one of them is not there', () => {
    const stages = STAGES.map((stage, index) =>
      index === 2 ? { ...stage, requires: [{ rollout: 'checkout', reached: '50%' }] } : stage,
    );
    const world = inFirst({ stages });
    world.others(25);
    expect(at(world)).toMatchObject({ earliest: BEGIN + 48 * HOUR, expected: null });
    expect(at(world)?.waitsFor).toContain(
      'checkout to reach 50 % before 100% (checkout-1 is in stage 25% and serves 25 %)',
    );
    world.others(50);
    expect(at(world)).toMatchObject({ expected: BEGIN + 48 * HOUR, waitsFor: ['the gate of 1%'] });
  });

  it('is of the end once the last stage is reached', () => {
    const world = inFirst({ stages: [{ name: '100%', percent: 100, bake: '24h' }] });
    expect(at(world)).toMatchObject({ goal: null, earliest: BEGIN + 24 * HOUR });
  });

  it('goes on as early as the proof lets it', () => {
    const stages = STAGES.map((stage) => ({ ...stage, promote: { proof: '0.5pp', early: '6h' } }));
    expect(at(inFirst({ stages }))?.earliest).toBe(BEGIN + 12 * HOUR);
  });
});

it('the answers of checks are one line each', () => {
  const answers = [{ name: 'ready', asked: 'GET …', ok: false, came: 'status 503', seconds: 2, tries: 1 }];
  const checks = { stage: '5%', state: 'failed' as const, at: 0, next: null, answers };
  expect(checkLines({ checks })).toEqual(['failed: ready (GET …): status 503, 2 s']);
});
