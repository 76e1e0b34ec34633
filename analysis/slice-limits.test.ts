import { describe, expect, it } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { restoreEvidence } from './restored-evidence.ts';
import { planOf, reading } from './traffic.fixture.ts';

const STEP = 15;
type Rate = readonly [requests: number, errors: number];

const plan = (more: object = {}): Plan =>
  planOf({
    stages: [
      { name: 'friendly', audience: { tenants: ['acme', 'globex'] }, bake: '1h' },
      { name: '50%', percent: 50, bake: '1h' },
      { name: '100%', percent: 100, bake: '1h' },
    ],
    limits: [{ name: 'ceiling', metric: 'errors', above: '5%', for: '1m', action: 'rollback' }],
    coverage: ['acme', 'globex'].map((name) => ({
      slice: `tenant=${name}`,
      minRequests: 1,
      // oxlint-disable-next-line unicorn/no-thenable -- the plan language calls it so
      then: 'exclude',
    })),
    ...more,
  });

function cohort([requests, events]: Rate): CohortSample {
  return { requests, ratios: { errors: { events, total: requests } }, histograms: {} };
}

interface Poll {
  acme: Rate;
  globex?: Rate;
  rest?: Rate;
  /** What acme has on the old path. */
  old?: Rate;
}

/** Polls of one stage, as the gate judges the last of them. */
function gate(stageIndex: number, of = plan()) {
  let evidence: Evidence = enterStage(openEvidence(of), of, stageIndex);
  let t = 0;
  return (times: number, { acme, globex = [100, 0], rest = [0, 0], old = [0, 0] }: Poll): Assessment => {
    for (let i = 0; i < times; i += 1) {
      t += STEP;
      const sum = (at: 0 | 1) => acme[at] + globex[at] + rest[at];
      const sample: Sample = {
        stage: of.stages[stageIndex]?.name ?? '',
        t,
        baseline: cohort([5000 + old[0], 25 + old[1]]),
        canary: cohort([sum(0), sum(1)]),
        slices: {
          'tenant=acme': { baseline: cohort(old), canary: cohort(acme) },
          'tenant=globex': { baseline: cohort([0, 0]), canary: cohort(globex) },
        },
      };
      evidence = observe(evidence, of, reading(sample), { stageIndex });
      evidence = restoreEvidence(JSON.parse(JSON.stringify(evidence)), of) ?? evidence;
    }
    return assess(evidence, of, { stageIndex });
  };
}

describe('a tenant whose users all have the canary', () => {
  it('is taken off alone once it is above a limit of the plan for as long as that says, and the rest is counted without it', () => {
    const polls = gate(0);
    const bad: Poll = { acme: [100, 30] };
    expect(polls(3, bad)).toMatchObject({ verdict: 'hold' });
    expect(polls(3, bad).severed).toMatchObject([
      {
        who: 'tenant=acme',
        metric: 'errors',
        severity: 'hard',
        share: 0.5,
        reason: expect.stringMatching(
          /^tenant=acme, with nobody on the old path: limit "ceiling": 30 % is above/,
        ),
      },
    ]);
    const { limits, verdict } = polls(1, bad);
    // 15 % of all requests fail, and none of the rest.
    expect(limits).toMatchObject([{ limit: 'ceiling', value: 0, fired: false }]);
    expect(verdict).toBe('hold');
  });

  it('does not stand in for the rest: the whole stops where that is above the limit too', () => {
    const polls = gate(0);
    const of: Poll = { acme: [100, 30], rest: [100, 20] };
    const { verdict, severed, limits } = polls(5, of);
    expect(limits).toMatchObject([{ value: 0.1, fired: true }]);
    expect([verdict, severed]).toEqual(['hard', undefined]);
  });

  it('stays where it is above for less than that, or below again in between', () => {
    const polls = gate(0);
    polls(3, { acme: [100, 30] });
    polls(1, { acme: [100, 1] });
    expect(polls(3, { acme: [100, 30] }).severed).toBeUndefined();
    // A window without a request of theirs says nothing.
    polls(5, { acme: [0, 0] });
    expect(polls(1, { acme: [100, 30] }).severed).toMatchObject([{ who: 'tenant=acme' }]);
  });

  it('is so at 100 % as well, and not where its users are compared', () => {
    expect(gate(2)(5, { acme: [100, 30], rest: [5000, 25] }).severed).toMatchObject([{ who: 'tenant=acme' }]);
    // As bad on the old path: that is no fault of the new one.
    const compared = gate(1)(20, { acme: [100, 30], rest: [5000, 25], old: [100, 30] });
    expect([compared.severed, compared.limits[0]?.fired]).toEqual([undefined, false]);
  });

  it('is not judged by limits that ask people, that are multiples of the baseline, or of metrics that it has not', () => {
    const limits = [
      { name: 'asks', metric: 'errors', above: '5%', action: 'pause' },
      { name: 'twice', metric: 'errors', above: '2x baseline', action: 'rollback', for: '10m' },
      { name: 'other', expr: 'up', above: 5, action: 'rollback' },
    ];
    expect(gate(0, plan({ limits }))(5, { acme: [100, 30] }).severed).toBeUndefined();
    const stops = plan({ coverage: [{ slice: 'tenant=acme', minRequests: 1 }] });
    // It has nobody to take off: what it has is counted with the rest, whose limit stops all.
    expect(gate(0, stops)(5, { acme: [100, 30] })).toMatchObject({
      verdict: 'hard',
      limits: [{ value: 0.15, fired: true }],
    });
  });
});
