import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Severed } from '../plans/assessment.ts';
import { notificationsFor } from '../plans/notification.ts';
import { excludedLines } from '../plans/standing-words.ts';
import { gateRequest } from './progress.ts';
import { viewOf } from './view.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const STAGES = [
  { name: '5%', percent: 5, bake: '10s' },
  { name: '25%', percent: 25, bake: '10s' },
  { name: '100%', percent: 100, bake: '10s' },
];
const NAMES = ['acme', 'globex', 'hooli'];
// oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
const COVERAGE = NAMES.map((name) => ({ slice: `tenant=${name}`, then: 'exclude' }));
const of = (more: object) => planOf({ approvals: {}, coverage: COVERAGE, stages: STAGES, ...more });

/** A rollout that only watches, whose flag ada has brought to 5 %. */
function watched(more: object = {}): World {
  const world = new World(of({ mode: 'observe', ...more }));
  world.event({ kind: 'begin' });
  world.drift(5);
  world.sees('ada');
  return world;
}

function severed(name: string, share = 0.05): Severed {
  const slice = `tenant=${name}`;
  return { slice, who: slice, metric: 'errors', severity: 'hard', reason: `errors{${slice}}: worse`, share };
}

const worse = (world: World, ...all: Severed[]) => world.report(assessment('hold', { severed: all }));
const would = (world: World) =>
  world.journal.flatMap(({ transition, summary }) =>
    transition.startsWith('would-') ? [`${transition}: ${summary}`] : [],
  );
const off = (world: World) => gateRequest(world.state)?.plan.exclude?.tenants ?? [];

describe('a slice that got worse alone, of a plan that only watches', () => {
  it('would have been excluded: one line with its evidence, and the watching goes on without it', () => {
    const world = watched({ notify: [{ channel: 'ops', events: ['excluded'] }] });
    worse(world, severed('acme'));
    const line = world.journal.at(-1);
    expect(line).toMatchObject({
      transition: 'would-exclude',
      stage: '5%',
      summary:
        'Would have excluded tenant=acme in stage 5% and gone on for the rest: errors{tenant=acme}: worse.',
      cause: { kind: 'gate', verdict: 'hard', reason: 'errors{tenant=acme}: worse' },
      evidence: { severed: [{ slice: 'tenant=acme' }] },
      queries: ['q'],
    });
    expect(off(world)).toEqual(['acme']);
    expect(gateRequest(world.state)?.excluded).toMatchObject([{ name: 'tenant=acme', share: 0.05 }]);
    // Nobody is off: the flag serves them as before, and so does the plan.
    expect(world.state.plan.exclude).toBeUndefined();
    expect(world.state).toMatchObject({ phase: 'active', stage: 0, exposure: { percent: 5 }, pause: null });
    expect(world.commands.some(({ kind }) => kind === 'write' || kind === 'claim')).toBe(false);
    worse(world, severed('acme'));
    expect(would(world)).toHaveLength(1);
    const view = viewOf(world.state, world.now);
    expect(view.next).toContain('Would have excluded tenant=acme');
    expect(view.excluded).toBeUndefined();
    expect(excludedLines(view)).toEqual([
      expect.stringMatching(
        /^tenant=acme, 5 % of the canary's requests, would be off since .*: errors\{tenant=acme\}: worse$/,
      ),
    ]);
    if (line === undefined) throw new Error('not journaled');
    expect(notificationsFor(line, view, world.state.plan)).toMatchObject([
      { channel: 'ops', event: 'would-exclude' },
    ]);
  });

  it('stays out of what is watched in every later visit, and of what the next stage would have served', () => {
    const world = watched();
    worse(world, severed('acme'));
    world.report(assessment('pass'));
    world.drift(25);
    world.report(assessment('hold'));
    expect(world.state.stage).toBe(1);
    expect(off(world)).toEqual(['acme']);
    worse(world, severed('acme'), severed('globex'));
    expect(off(world)).toEqual(['acme', 'globex']);
    expect(would(world)).toEqual([
      expect.stringMatching(/^would-exclude: .*tenant=acme in stage 5%/),
      'would-advance: Would have gone on from stage 5% to 25%: 25 % without tenant=acme.',
      expect.stringMatching(/^would-exclude: .*tenant=globex in stage 25%/),
    ]);
  });

  it.each([
    ['rolled back', { exclusions: { most: 1 } }, /^would-stop: .*one more than the 1 that may be off/],
    [
      'rolled back',
      { exclusions: { traffic: '8%' } },
      /^would-stop: .*10 % of the requests of the canary would be off it, and 8 % may be/,
    ],
    ['paused', { hard: 'pause', exclusions: { most: 1 } }, /^would-pause: .*one more than the 1/],
  ])('would have been %s as a whole where it is one too many', (_, policy, last) => {
    const world = watched({ policy });
    worse(world, severed('acme'), severed('globex'));
    expect(would(world)).toEqual([
      expect.stringMatching(/^would-exclude: .*tenant=acme/),
      expect.stringMatching(last),
    ]);
    expect(off(world)).toEqual(['acme']);
  });

  it('does not come before a hard stop, and after one nothing more is said of it in that visit', () => {
    const world = watched();
    world.report(assessment('hard', { severed: [severed('acme')] }));
    worse(world, severed('globex'));
    expect(would(world)).toEqual([expect.stringMatching(/^would-stop/)]);
    world.drift(25);
    world.report(assessment('hold'));
    worse(world, severed('globex'));
    expect(would(world).at(-1)).toMatch(/^would-exclude: .*tenant=globex in stage 25%/);
  });

  it('is what the same plan does where it acts, whatever slices get worse and when', () => {
    const found = fc.array(
      fc.tuple(fc.subarray(NAMES, { minLength: 1 }), fc.constantFrom(0.02, 0.05, 0.12)),
      { maxLength: 5 },
    );
    const policy = fc.record({
      hard: fc.constantFrom('rollback', 'pause'),
      exclusions: fc.record({ most: fc.integer({ min: 1, max: 3 }), traffic: fc.constantFrom('8%', '20%') }),
    });
    let excluded = 0;
    fc.assert(
      fc.property(found, policy, (reports, how) => {
        const acts = new World(of({ policy: how }));
        acts.event({ kind: 'begin' });
        acts.settle();
        const watches = watched({ policy: how });
        for (const [names, share] of reports) {
          if (acts.state.stop !== null) break;
          for (const world of [acts, watches]) worse(world, ...names.map((name) => severed(name, share)));
          acts.settle();
        }
        const names = acts.state.excluded?.map(({ name }) => name) ?? [];
        excluded += names.length;
        expect(watches.state.imagined?.excluded?.map(({ name }) => name) ?? []).toEqual(names);
        expect(would(watches).filter((line) => line.startsWith('would-exclude'))).toHaveLength(names.length);
      }),
      { numRuns: 300 },
    );
    expect(excluded).toBeGreaterThan(0);
  });
});
