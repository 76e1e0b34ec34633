import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../plans/sample.ts';
import type { AlertScope } from './event.ts';
import { climb, every, lift, order } from './orders.fixture.ts';
import { gatePassed } from './passed.ts';
import { restartOf } from './restart.ts';
import { viewOf } from './view.ts';
import { assessGate, beginGate, observeWindow } from './watching.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const DAY = 86_400_000;
const POLL = 15;

/** A rollout whose old path is watched for its last calls. */
function decommissioning(more: object = {}): World {
  const world = new World(planOf({ approvals: {}, ...more }));
  world.event({ kind: 'begin' });
  for (let round = 0; round < 12 && world.state.stage < 4; round += 1) {
    world.event({ kind: 'peers', older: [] });
    world.settle();
    world.report(assessment('pass'));
    world.person('approve');
  }
  expect(world.state).toMatchObject({ phase: 'active', stage: 4 });
  world.now += 3 * DAY;
  world.report(assessment('hold'));
  return world;
}

const lines = (world: World) => world.journal.filter(({ transition }) => transition === 'clean-restarted');

function alert(world: World, scope: AlertScope, status: 'firing' | 'resolved' = 'firing') {
  world.event({ kind: 'alert', name: 'High', scope, status, detail: '' });
}

describe('the clean days of a decommission', () => {
  const note = { alerts: { service: 'note', bug: 'note' } };
  const pause = { alerts: { canary: 'pause', bug: 'pause' } };
  const incidents: [string, (world: World) => void, object?][] = [
    ['the alert High fires', (world) => alert(world, 'service'), note],
    ['the alert High fires', (world) => alert(world, 'canary'), pause],
    ['a critical bug, High', (world) => alert(world, 'bug'), note],
    ['a critical bug, High', (world) => alert(world, 'bug'), pause],
    ['a pause by kim: because', (world) => void world.person('pause')],
    ['a soft stop by errors', (world) => world.report(assessment('soft', { metric: 'errors' }))],
    [
      'a hard stop by errors',
      (world) => world.report(assessment('hard', { metric: 'errors' })),
      { policy: { hard: 'pause' } },
    ],
    [
      'somebody else moved the flag from revision 5 to 6: it serves 90 %',
      (world) => {
        world.drift(90);
        world.report(assessment('hold'));
      },
    ],
  ];
  it.each(incidents)('begin anew after %s', (by, incident, more = {}) => {
    const world = decommissioning(more);
    incident(world);
    expect(world.state.phase).toBe('active');
    expect(restartOf(world.state)).toEqual({ by, at: world.now });
    expect(lines(world).map(({ summary }) => summary)).toEqual([`The clean days begin anew: ${by}.`]);
    expect(world.gate?.restarted).toEqual({ by, at: world.now });
    expect(viewOf(world.state, world.now).blockers.find(({ kind }) => kind === 'gate')?.text).toContain(
      `clean days are counted from Sun 1970-01-04 00:16 UTC, by ${by}`,
    );
  });

  it('go on through a deployment, a minor bug and an incident in an earlier stage', () => {
    const world = new World(planOf({ approvals: {} }));
    world.event({ kind: 'begin' });
    lift(world);
    world.person('pause');
    expect(lines(world)).toEqual([]);
    const last = decommissioning();
    alert(last, 'deploy');
    alert(last, 'minor-bug');
    expect(restartOf(last.state)).toBeNull();
  });

  it('are counted from the end of the pause, and what had passed passes anew', () => {
    const world = decommissioning({ stages: planOf().stages.map(asWritten) });
    world.report(assessment('pass'));
    expect(gatePassed(world.state)).toBe(true);
    world.person('pause');
    expect(gatePassed(world.state)).toBe(false);
    world.now += DAY;
    world.person('resume');
    expect(restartOf(world.state)).toEqual({ by: 'a pause by kim: because', at: world.now });
    expect(world.gate?.restarted?.at).toBe(world.now);
    expect(world.state.phase).toBe('active');
    // The same again within a day is the same incident; later it is another one.
    world.person('pause');
    expect(lines(world)).toHaveLength(1);
    world.person('resume');
    world.now += 2 * DAY;
    world.person('pause');
    expect(lines(world)).toHaveLength(2);
  });

  it('are no matter of the stage that a step back leads to, even within the millisecond in which they began', () => {
    const world = decommissioning();
    world.now = world.state.stageSince ?? 0;
    world.person('pause');
    world.person('step-back');
    world.settle();
    expect(world.state).toMatchObject({ stage: 3, stageSince: world.now });
    world.person('resume');
    expect(restartOf(world.state)).toBeNull();
    expect(world.gate?.restarted).toBeUndefined();
  });

  it('begin when an alert that the plan only notes fires no more', () => {
    const world = decommissioning({ alerts: { service: 'note' } });
    alert(world, 'service');
    world.now += 2 * DAY;
    alert(world, 'service', 'resolved');
    expect(world.gate?.restarted).toEqual({ by: 'the alert High fires', at: world.now });
  });

  it('are known to the gate whatever the order of events, and no pass of before counts', () => {
    let restarts = 0;
    const last = fc.constantFrom<(world: World) => void>(
      (world) => void world.person('pause'),
      (world) => alert(world, 'bug'),
      (world) => world.drift(80),
    );
    fc.assert(
      fc.property(order, order, last, (before, after, incident) => {
        every(
          [lift, ...before, (world) => climb(world, 4), incident, ...after],
          (previous, _event, _commands, world) => {
            const { state } = world;
            const restarted = restartOf(state);
            if (restarted === null || state.phase !== 'active' || state.write !== null) return;
            expect(world.gate?.restarted).toEqual(restarted);
            if (state.clean === previous.clean) return;
            restarts += 1;
            expect(gatePassed(state)).toBe(false);
          },
        );
      }),
      { numRuns: Number(process.env.TIDEGATE_ORDERS ?? 1_500) / 3 },
    );
    expect(restarts).toBeGreaterThan(0);
  });
});

/** As a plan is written, with an approval behind the last stage, so that it does not complete by itself. */
function asWritten({ name, percent, audience, decommission }: ReturnType<typeof planOf>['stages'][number]) {
  return {
    name,
    bake: '10s',
    ...(percent === undefined ? {} : { percent }),
    ...(audience === undefined ? {} : { audience }),
    ...(decommission === undefined
      ? {}
      : { decommission: { cleanFor: '10s' }, approval: { roles: ['on-call'] } }),
  };
}

describe('the gate of a decommission', () => {
  const window = (t: number, baseline: number, unused?: number): Reading => ({
    kind: 'sample',
    sample: {
      stage: 'decommission',
      t,
      baseline: { requests: baseline, ratios: {}, histograms: {} },
      canary: { requests: 100, ratios: {}, histograms: {} },
    },
    expressions: unused === undefined ? {} : { legacy: unused },
    queries: [],
  });
  const away = (t: number): Reading => ({
    kind: 'rejected',
    t,
    rejections: [{ kind: 'source-down', detail: 'away' }],
    queries: [],
  });

  function watched(readings: ((t: number) => Reading)[], { unused = false, restartedAt = 0 } = {}) {
    const decommission = { cleanFor: '60s', ...(unused ? { unused: 'legacy' } : {}) };
    const plan = planOf({
      source: { poll: `${POLL}s` },
      stages: [
        { name: '100%', percent: 100, bake: '1s' },
        { name: 'decommission', decommission, bake: '1s' },
      ],
    });
    const world = new World(plan);
    const at = { id: 1, rolloutId: 'p', plan, stage: 1, origin: 0, stageSince: 0, key: '' };
    const request = {
      ...at,
      memory: null,
      acceptances: {},
      expected: { revision: 1, exposure: world.flag.exposure, epoch: 1 },
      safe: world.flag.exposure,
      ...(restartedAt === 0 ? {} : { restarted: { by: 'a pause', at: restartedAt * 1000 } }),
    };
    const memory = readings.reduce(
      (known, read, i) =>
        observeWindow(known, request, { reading: read((i + 1) * POLL), to: (i + 1) * POLL }),
      beginGate(request),
    );
    return assessGate(memory, request);
  }
  const calm = (count: number) => Array.from({ length: count }, () => (t: number) => window(t, 0));

  it('passes once the cohort of the old path has been without requests for as long as the plan says', () => {
    expect(watched(calm(4))).toMatchObject({
      verdict: 'hold',
      holding: [{ kind: 'clean', since: 15_000, have: 45, need: 60 }],
    });
    expect(watched(calm(5))).toMatchObject({ verdict: 'pass', holding: [] });
  });

  it('begins anew with each call, by whichever of both it is seen', () => {
    const call = (t: number) => window(t, 1);
    expect(watched([...calm(4), call]).holding).toMatchObject([{ kind: 'clean', since: null, have: 0 }]);
    expect(watched([...calm(4), call, ...calm(4)]).verdict).toBe('hold');
    const legacy = (calls: number) => (t: number) => window(t, 0, calls);
    const five = Array.from({ length: 5 }, () => legacy(0));
    expect(watched(five, { unused: true }).verdict).toBe('pass');
    expect(watched([...five, legacy(2)], { unused: true }).verdict).toBe('hold');
    expect(watched([...five, call], { unused: true }).verdict).toBe('hold');
    // Where the plan's own expression has no value, nothing was seen.
    expect(watched(calm(9), { unused: true }).verdict).toBe('hold');
  });

  it('counts no window that nobody could read, and nothing of before a restart', () => {
    expect(watched([...calm(3), away, away, ...calm(1)]).holding).toMatchObject([{ have: 45 }]);
    expect(watched([...calm(3), away, away, ...calm(2)]).verdict).toBe('pass');
    const anew = watched(calm(7), { restartedAt: 50 });
    expect(anew).toMatchObject({ verdict: 'hold', holding: [{ since: 50_000, have: 55 }] });
    expect(anew.reason).toBe('the old path has been unused for 55 s of 1 min, counted anew after a pause');
    expect(watched(calm(8), { restartedAt: 50 }).verdict).toBe('pass');
  });
});
