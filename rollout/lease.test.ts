import { describe, expect, it } from 'vitest';
import type { Verdict } from '../plans/assessment.ts';
import { stageExposure } from '../plans/stages.ts';
import { leaseDuty, type Watched } from './lease.ts';
import { gateRequest } from './progress.ts';
import { assessment, planOf, World } from './world.fixture.ts';

/** A rollout in its first public stage, with a lease of 90 s. */
function running(more: object = { lease: '90s' }) {
  const world = new World(planOf({ approvals: {}, ...more }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  world.report(assessment('pass'));
  world.settle();
  const request = gateRequest(world.state);
  if (request === null || world.state.stage !== 1) throw new Error('no gate in stage 1');
  const { revision, exposure } = world.flag;
  const watched: Watched = {
    assessment: assessment('hold'),
    flag: { revision, exposure, latch: null, leaseUntil: world.now + 30_000 },
    current: true,
    now: world.now,
  };
  return { world, request, watched };
}

describe('the gate', () => {
  it('renews a lease once a third of its time is over, and grants one that is missing', () => {
    const { request, watched, world } = running();
    const left = (seconds: number) => ({
      ...watched,
      flag: {
        revision: world.flag.revision,
        exposure: world.flag.exposure,
        latch: null,
        leaseUntil: world.now + seconds * 1000,
      },
    });
    expect(leaseDuty(request, left(61))).toBe('nothing');
    expect(leaseDuty(request, left(59))).toBe('renew');
    const { revision, exposure } = world.flag;
    expect(leaseDuty(request, { ...watched, flag: { revision, exposure, latch: null } })).toBe('renew');
  });

  it.each<[Verdict, string]>([
    ['pass', 'renew'],
    ['hold', 'renew'],
    ['soft', 'nothing'],
    ['hard', 'nothing'],
    ['no-data', 'nothing'],
  ])('at the verdict %s does %s', (verdict, duty) => {
    const { request, watched } = running();
    expect(leaseDuty(request, { ...watched, assessment: assessment(verdict) })).toBe(duty);
  });

  it('renews nothing on old windows, wrong data, a crossed limit, a latch, or a flag that somebody moved', () => {
    const { request, watched } = running();
    const { flag } = watched;
    if (flag === null) throw new Error('no flag');
    const limit = { limit: 'l', value: 2, threshold: 1, fired: true, action: 'pause', since: null } as const;
    const bad: Partial<Watched>[] = [
      { current: false },
      { assessment: assessment('hold', { holding: [{ kind: 'data', rejections: [] }] }) },
      { assessment: assessment('hold', { limits: [limit] }) },
      { flag: null },
      { flag: { ...flag, latch: { by: 'kim', reason: 'kill' } } },
      { flag: { ...flag, revision: (flag.revision ?? 0) + 1 } },
      { flag: { ...flag, exposure: stageExposure(request.plan, 0), lapsedAt: 5 } },
    ];
    for (const one of bad) expect(leaseDuty(request, { ...watched, ...one })).toBe('nothing');
  });

  it('ends what is left of a lease where the stage has none', () => {
    const { request, watched } = running();
    const { lease: _lease, ...without } = request;
    expect(leaseDuty(without, watched)).toBe('end');
    expect(leaseDuty(running({}).request, { ...running({}).watched, flag: null })).toBe('nothing');
  });
});

it('each raise carries the lease of its own stage, a step back that of the stage below, a stop none', () => {
  const { world } = running();
  const writes = () =>
    world.commands.flatMap((command) => (command.kind === 'write' ? [command.request] : []));
  expect(writes().map(({ lease }) => lease?.fallback.segments)).toEqual([[], ['employees']]);
  world.person('step-back');
  expect(writes().at(-1)).toMatchObject({
    direction: 'lower',
    lease: { fallback: stageExposure(world.state.plan, -1) },
  });
  world.settle();
  world.person('rollback');
  expect(writes().at(-1)).not.toHaveProperty('lease');
});

it('a lease that ran out is told to people as such, by the gate and by a write that it refuses', () => {
  const { world } = running();
  world.lapse();
  world.report(assessment('pass'));
  expect(world.journal.findLast(({ transition }) => transition === 'drift')?.summary).toContain(
    'the lease ran out at 1970',
  );
  const other = running().world;
  other.report(assessment('pass'));
  other.person('approve');
  other.lapse();
  other.settle();
  expect(other.state.pause?.causes[0]?.text).toContain('the lease ran out at 1970');
  expect(other.flag.exposure.percent).toBe(0);
});
