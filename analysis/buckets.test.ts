import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Buckets, CohortSample } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { addHistograms, addNeeded } from './histogram.ts';
import type { GateContext } from './stage.ts';
import { planOf, randomOf, reading } from './traffic.fixture.ts';

const EDGES = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5];
const plan = planOf({
  metrics: [{ name: 'p95', kind: 'latency', histogram: 'seconds', soft: '+20%', hard: '+50%' }],
  stages: [
    { name: '5%', percent: 5, bake: '10m' },
    { name: '25%', percent: 25, bake: '10m' },
  ],
});

/** Exponential response times in buckets of any edges. */
function histogram(random: () => number, of: { requests: number; mean: number; edges: number[] }): Buckets {
  const times = Array.from({ length: of.requests }, () => -of.mean * Math.log(1 - random()));
  return [
    ...of.edges.map((edge): [number, number] => [edge, times.filter((time) => time <= edge).length]),
    ['+Inf', of.requests],
  ];
}

interface Cohort {
  edges?: number[];
  mean?: number;
  uncommon?: number[];
  requests?: number;
}

/** A gate in the 25 % stage. */
function gate(context: Partial<GateContext> = {}) {
  const at = { stageIndex: 1, ...context };
  const random = randomOf(11);
  let evidence: Evidence = enterStage(openEvidence(plan), plan, 1);
  let t = 0;
  return {
    poll(times: number, of: { baseline?: Cohort; canary?: Cohort } = {}): Assessment {
      const cohort = (usual: number, more: Cohort = {}): CohortSample => {
        const { edges = EDGES, mean = 0.2, uncommon, requests = usual } = more;
        return {
          requests,
          ratios: {},
          histograms: { p95: histogram(random, { requests, mean, edges }) },
          ...(uncommon === undefined ? {} : { uncommon: { p95: uncommon } }),
        };
      };
      for (let i = 0; i < times; i++) {
        t += 15;
        const sample = {
          stage: '25%',
          t,
          baseline: cohort(1500, of.baseline),
          canary: cohort(500, of.canary),
        };
        evidence = observe(evidence, plan, reading(sample), at);
      }
      return assess(evidence, plan, at);
    },
    get latency() {
      const known = evidence.metrics['p95'];
      if (known?.kind !== 'latency') throw new Error('no latency');
      return known;
    },
  };
}

const both = (edges: number[]) => ({ baseline: { edges }, canary: { edges } });
const warningsOn = ({ warnings }: Assessment) => warnings.filter((text) => text.startsWith('p95'));

describe('buckets that change in the middle of a rollout', () => {
  test('keep the edges under test that are still there, and the gate passes and says so once', () => {
    const one = gate({ edges: { p95: [0.5, 0.75] } });
    one.poll(20);
    const changed = one.poll(30, both([0.1, 0.3, 0.5, 0.75, 2]));
    expect(changed.verdict).toBe('pass');
    expect(one.latency.edges).toEqual([0.5, 0.75]);
    expect(one.latency.process.clock).toBe(50);
    expect(warningsOn(changed)).toEqual([
      'p95: the bucket edges have changed in this stage; it is compared on those under test that are still there',
    ]);
  });

  test('leave an edge that is gone without data and find a regression on the others', () => {
    const one = gate({ edges: { p95: [0.5, 0.75] } });
    one.poll(20);
    const [gone, kept] = one.latency.process.tracks.map(({ segments }) => segments);
    const without = [0.05, 0.1, 0.25, 0.75, 1];
    const held = one.poll(1, both(without));
    expect(warningsOn(held)).toEqual([
      'p95 is tested on 0.75 s alone: the bucket edge 0.5 s under test is no longer in the histograms of both cohorts, or without buckets below',
    ]);
    expect(one.latency.process.tracks[0]?.segments).toEqual(gone);
    expect(one.latency.process.tracks[1]?.segments).not.toEqual(kept);
    const stopped = one.poll(8, { baseline: { edges: without }, canary: { edges: without, mean: 0.5 } });
    expect(stopped).toMatchObject({ verdict: 'hard', metric: 'p95' });
  });

  test('without any edge under test are no data: hold, then no data, never a pass, whatever the canary does', () => {
    const one = gate({ edges: { p95: [0.5, 0.75] } });
    expect(one.poll(45).verdict).toBe('pass');
    const others = [0.04, 0.2, 0.6, 0.9];
    const held = one.poll(1, both(others));
    expect(held).toMatchObject({ verdict: 'hold', polls: { ignored: 1 } });
    expect(held.reason).toContain('p95: the bucket edges 0.5 s, 0.75 s under test are no longer');
    expect(warningsOn(held)).toHaveLength(1);
    expect(warningsOn(held)[0]).toMatch(/^p95 has no data: the bucket edges 0\.5 s, 0\.75 s under test/);
    const gone = one.poll(60, both(others));
    expect(gone).toMatchObject({ verdict: 'no-data', metrics: [{ verdict: 'no-data' }] });
    expect(gone.reason).toContain('0.5 s, 0.75 s under test');
    expect(one.latency.edges).toEqual([0.5, 0.75]);
    // The edges are back: so are the data.
    expect(one.poll(1).verdict).toBe('pass');
  });

  test('do not become data by a poll in which the canary has no requests', () => {
    const one = gate({ edges: { p95: [0.5] } });
    one.poll(45);
    const others = both([0.04, 0.2]);
    one.poll(10, others);
    const idle = { ...others, canary: { ...others.canary, requests: 0 } };
    expect(one.poll(1, idle)).toMatchObject({ verdict: 'hold', holding: [{ kind: 'data' }] });
    expect(one.latency.missing).toBe(45 * 15);
  });

  test('that lose all below an edge under test do not compare it with what cannot be told', () => {
    const one = gate({ edges: { p95: [0.5] } });
    one.poll(20);
    const { clock } = one.latency.process;
    expect(one.poll(5, both([0.5, 1])).verdict).toBe('hold');
    expect(one.latency.process.clock).toBe(clock);
  });
});

describe('cohorts with other buckets', () => {
  test('are tested on edges that both have, chosen among those', () => {
    const one = gate();
    const canary = { edges: [0.1, 0.3, 0.6, 0.75, 1] };
    const passed = one.poll(60, { canary });
    expect(one.latency.edges).toEqual([0.75, 1]);
    expect(passed.verdict).toBe('pass');
    expect(warningsOn(passed)).toEqual([
      'p95: not all processes have the same bucket edges (0.05 s, 0.25 s, 0.3 s, 0.5 s, 0.6 s, 1.5 s); it is compared on those that all have',
    ]);
    expect(one.poll(8, { canary: { ...canary, mean: 0.5 } })).toMatchObject({ verdict: 'hard' });
  });

  test('without a common edge, or with one that shows nothing, have no data and are not advisory', () => {
    for (const edges of [
      [0.06, 0.3],
      [0.05, 0.3],
      [0.05, 7],
    ]) {
      const one = gate();
      const held = one.poll(10, { canary: { edges } });
      expect(held.verdict).toBe('hold');
      expect(warningsOn(held)[0]).toMatch(
        /^p95 has no data: the histograms have too few bucket edges in common/,
      );
      expect(one.poll(60, { canary: { edges } }).verdict).toBe('no-data');
      expect(one.latency.edges).toBeNull();
    }
  });

  test('of which the processes differ have no data where what is left shows nothing', () => {
    const one = gate();
    const baseline = { edges: [0.05], uncommon: [0.5, 0.6] };
    expect(one.poll(60, { baseline, canary: { edges: [0.05] } }).verdict).toBe('no-data');
    const same = gate();
    // A service that never had others: its latency is advisory, as it was.
    const poor = same.poll(60, both([0.05]));
    expect(poor.verdict).toBe('pass');
    expect(warningsOn(poor)[0]).toContain('advisory');
  });

  test('are not held against one another with an edge of the one where the other has none', () => {
    // The canary's last bucket ends at 0.25 s: above 0.5 s nothing is known of it, and nothing looks good.
    const one = gate({ edges: { p95: [0.5] } });
    const blind = one.poll(60, { canary: { edges: [0.1, 0.25], mean: 0.01 } });
    expect(blind.verdict).toBe('no-data');
    expect(one.latency.process.clock).toBe(0);
  });
});

describe('histograms of other edges', () => {
  const older: Buckets = [
    [0.1, 5],
    [0.5, 9],
    [1, 9],
    ['+Inf', 9],
  ];

  test('are summed where both tell exactly, as long as nothing is lost that the newer one shows', () => {
    // Nothing of the older lies above 0.5 s: it knows every edge there.
    const grown: Buckets = [
      [0.1, 1],
      [0.5, 2],
      [2, 3],
      ['+Inf', 4],
    ];
    expect(addHistograms(older, grown)).toEqual([
      [0.1, 6],
      [0.5, 11],
      [2, 12],
      ['+Inf', 13],
    ]);
    const finer: Buckets = [
      [0.25, 2],
      ['+Inf', 4],
    ];
    expect(addHistograms(older, finer)).toBe(finer);
  });

  test('are summed at fewer where those under test are kept', () => {
    const other: Buckets = [
      [0.25, 2],
      [0.5, 3],
      ['+Inf', 4],
    ];
    expect(addHistograms(older, other)).toBe(other);
    expect(addNeeded(older, { newer: other, needed: [0.5] })).toEqual([
      [0.5, 12],
      ['+Inf', 13],
    ]);
    expect(addNeeded(older, { newer: other, needed: [0.25] })).toBe(other);
  });
});
