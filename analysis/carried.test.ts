import { describe, expect, test } from 'vitest';
import type { Plan } from '../plans/plan.ts';
import { acceptedNames, assessCarried, carriedEvidence, firstTested } from './carried.ts';
import { accept, type Evidence, partsOf } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { errorsPoll, planOf, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const plan = planOf();

interface Run {
  from?: Evidence;
  of?: Plan;
  stage?: number;
  polls: number;
  /** `t` of the poll before the first. */
  since?: number;
  canary?: number;
  baseline?: number;
}

/** Polls of one stage on top of what is known. */
function run(random: () => number, given: Run): Evidence {
  const { of = plan, stage = 0, polls, since = 0, baseline = 0.005, canary = baseline } = given;
  let evidence = enterStage(given.from ?? openEvidence(of), of, stage);
  for (let i = 0; i < polls; i++)
    evidence = poll(random, of, { evidence, stage, since: since + i * STEP, baseline, canary });
  return evidence;
}

interface Poll {
  evidence: Evidence;
  stage?: number;
  since: number;
  baseline: number;
  canary: number;
}

function poll(random: () => number, of: Plan, { evidence, stage = 0, since, ...rates }: Poll): Evidence {
  const { name = '', percent = 5 } = of.stages[stage] ?? {};
  const at = { stage: name, t: since + STEP, requests: 3000, share: percent / 100 };
  return observe(evidence, of, reading(errorsPoll(random, { ...at, ...rates })), { stageIndex: stage });
}

const lnE = (evidence: Evidence, of = plan, stageIndex = 0) =>
  assess(evidence, of, { stageIndex, brief: true }).lnE;

/** All that decides, without the times, which are another rollout's. */
const deciding = ({ metrics, slices, requests, polls }: Evidence) => ({ metrics, slices, requests, polls });

describe('a retry or a step back with the same build', () => {
  test('keeps the evidence against it, and the one goes on as the other does', () => {
    const before = run(randomOf(2), {
      from: run(randomOf(1), { polls: 60, canary: 0.01 }),
      stage: 1,
      polls: 60,
      since: 900,
      canary: 0.01,
    });
    const stepBack = run(randomOf(3), { from: before, polls: 40, since: 1800, canary: 0.01 });
    const retry = run(randomOf(3), { from: carriedEvidence(before, plan), polls: 40, canary: 0.01 });
    expect(deciding(retry)).toEqual(deciding(stepBack));
    expect(lnE(retry)).toBe(lnE(stepBack));
    expect(lnE(retry)).toBeGreaterThan(lnE(run(randomOf(3), { polls: 40, canary: 0.01 })));
    expect(retry.t).toBe(600);
  });

  test('has every part of it, and what was accepted of it; what was of the rollout alone begins anew', () => {
    const bad = run(randomOf(4), { polls: 60, canary: 0.03 });
    expect(acceptedNames(bad)).toEqual([]);
    const evidence = accept(bad, 'errors', 0.004);
    const carried = carriedEvidence({ ...evidence, users: 12, rejectedSince: 900 }, plan);
    expect(acceptedNames(carried)).toEqual(['errors']);
    expect(carried.metrics).toEqual(evidence.metrics);
    const { t, since, stage, users, rejectedSince, requests, polls, canarySeen } = carried;
    expect({ t, since, stage, users, rejectedSince, canarySeen }).toEqual({
      t: null,
      since: null,
      stage: null,
      users: null,
      rejectedSince: null,
      canarySeen: false,
    });
    expect([requests.canary, polls.used]).toEqual([0, 0]);
    const missing = {
      ...evidence,
      metrics: { errors: { ...bad.metrics['errors'], missing: 800 } },
    } as Evidence;
    expect(carriedEvidence(missing, plan).metrics['errors']?.missing).toBeNull();
  });

  test('is judged before its first poll: a stop that still stands would stop it at once', () => {
    const bad = run(randomOf(5), { stage: 1, polls: 60, canary: 0.03 });
    const before = assess(bad, plan, { stageIndex: 1 });
    expect(before.verdict).toBe('hard');
    const carried = carriedEvidence(bad, plan);
    const standing = assessCarried(carried, plan, { stageIndex: 0 });
    expect(standing).toMatchObject({ verdict: 'hard', metric: 'errors', stage: '1%' });
    expect(standing.lnE).toBe(before.lnE);
    const good = carriedEvidence(run(randomOf(6), { stage: 1, polls: 60 }), plan);
    expect(assessCarried(good, plan, { stageIndex: 0 }).verdict).toBe('hold');
  });

  test('waits while the old path is on both sides, which says nothing of a build', () => {
    const alike = planOf({
      stages: [
        { name: 'check', aa: { percent: 5 }, bake: '1h' },
        { name: '5%', percent: 5, bake: '1h' },
      ],
    });
    expect([firstTested(alike, 0), firstTested(alike, 1), firstTested(plan, 2)]).toEqual([1, 1, 2]);
    const canary = run(randomOf(8), { of: alike, stage: 1, polls: 60, canary: 0.01 });
    const carried = carriedEvidence(canary, alike);
    const checked = run(randomOf(9), { of: alike, from: carried, polls: 20 });
    expect(lnE(checked, alike, 0)).toBeLessThan(0.1);
    const served = enterStage(checked, alike, 1);
    expect(lnE(served, alike, 1)).toBe(lnE(canary, alike, 1));
    // One that ended with the old path on both sides has seen nothing of its build.
    const never = carriedEvidence(run(randomOf(9), { of: alike, polls: 20, canary: 0.03 }), alike);
    expect(partsOf(never)).toEqual([]);
  });

  test('retries share the error budget of the rollout: all together stop no more often than one may', () => {
    // No worse than the margin allows, and no better.
    const traffic = { baseline: 0.005, canary: 0.006 };
    const edge = planOf({
      stages: [{ name: '50%', percent: 50, bake: '15m' }],
      analysis: { falseRollback: '20%', noise: 0 },
    });
    const isStopped = (evidence: Evidence) => lnE(evidence, edge) >= Math.log(1 / 0.2);
    /** A rollout and five retries, each rolled back by a person for another reason. */
    const stops = (seed: number, how: 'carried' | 'anew'): boolean => {
      const random = randomOf(7000 + seed);
      let from = openEvidence(edge);
      for (let retry = 0; retry <= 5; retry++) {
        let evidence = from;
        for (let i = 0; i < 60; i++) {
          evidence = poll(random, edge, { evidence, since: i * STEP, ...traffic });
          if (isStopped(evidence)) return true;
        }
        if (how === 'carried') from = carriedEvidence(evidence, edge);
      }
      return false;
    };
    const seeds = Array.from({ length: 200 }, (_, i) => i + 1);
    const share = (how: 'carried' | 'anew') => seeds.filter((seed) => stops(seed, how)).length / seeds.length;
    const shared = share('carried');
    expect(shared).toBeLessThanOrEqual(0.2);
    expect(share('anew')).toBeGreaterThan(2 * shared);
  });
});
