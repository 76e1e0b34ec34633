import { describe, expect, test } from 'vitest';
import type { Assessment } from '../plans/assessment.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample, Sample, SplitCount } from '../plans/sample.ts';
import type { Evidence } from './evidence.ts';
import { assess, enterStage, observe, openEvidence } from './gate.ts';
import { acceptSplit, observeSplit, splitFault } from './split.ts';
import { openSplit } from './split-evidence.ts';
import { stageFrame } from './stage.ts';
import { planOf, randomOf, reading } from './traffic.fixture.ts';

const STEP = 15;
const stage = (percent: number) => ({ name: `${percent}%`, percent, bake: '1m', minRequests: 1 });
const plan = planOf({ source: { users: 'users' }, stages: [stage(5), stage(25)] });

interface Poll {
  requests?: [baseline: number, canary: number];
  users?: [baseline: number, canary: number];
  split?: SplitCount | null;
}

function gate(of: Plan, first = 0) {
  let evidence: Evidence = enterStage(openEvidence(of), of, first);
  let stageIndex = first;
  let t = 0;
  const cohort = (requests: number, users: number | undefined): CohortSample => ({
    requests,
    ratios: { errors: { events: 0, total: requests } },
    histograms: {},
    ...(users === undefined ? {} : { users }),
  });
  return {
    poll({ requests: [left, right] = [2850, 150], users, split }: Poll): Assessment {
      t += STEP;
      const sample: Sample = {
        stage: of.stages[stageIndex]?.name ?? '',
        t,
        baseline: cohort(left, users?.[0]),
        canary: cohort(right, users?.[1]),
        ...(split === undefined ? {} : { split }),
      };
      evidence = observe(evidence, of, reading(sample), { stageIndex });
      return assess(evidence, of, { stageIndex });
    },
    accept(): boolean {
      const split = acceptSplit(evidence.split);
      if (split !== null) evidence = { ...evidence, split };
      return split !== null;
    },
    enter(next: number) {
      stageIndex = next;
    },
    get evidence() {
      return evidence;
    },
  };
}

const alarms = ({ holding }: Assessment) => holding.some(({ kind }) => kind === 'split');
const bands = ({ warnings }: Assessment) => warnings.some((text) => text.includes('wide band'));

describe('users that are not split as planned', () => {
  test('hold the gate as a problem of the data, and never stop it', () => {
    const one = gate(plan);
    let at = one.poll({ users: [1800, 200] });
    for (const users of [2200, 2400, 2600, 2700]) at = one.poll({ users: [users, users / 9] });
    expect(at).toMatchObject({
      verdict: 'hold',
      metric: null,
      holding: [
        { kind: 'split', detail: expect.stringContaining('300 of 3000 users have the canary, 10 %') },
      ],
    });
    expect(at.reason).toContain('data problem, the traffic is not split as planned');
    expect(at.metrics[0]?.verdict).not.toBe('no-data');
  });

  test('pass once the counts agree with the plan again, and as planned they pass at once', () => {
    const healthy = gate(plan);
    for (const n of [1, 2, 3]) healthy.poll({ users: [950 * n, 50 * n] });
    expect(healthy.poll({ users: [3800, 200] })).toMatchObject({ verdict: 'pass', holding: [] });

    const mended = gate(plan);
    for (const n of [1, 2, 3, 4]) mended.poll({ users: [600 * n, 60 * n] });
    expect(mended.poll({ users: [2500, 250] }).verdict).toBe('hold');
    expect(mended.poll({ users: [60_000, 3160] })).toMatchObject({ verdict: 'pass' });
  });

  test('do not hold back a stop for a regression', () => {
    const one = gate(plan);
    const cohort = (requests: number, users: number, events: number): CohortSample => ({
      requests,
      users,
      ratios: { errors: { events, total: requests } },
      histograms: {},
    });
    const sample = { stage: '5%', t: 15, baseline: cohort(2850, 1000, 10), canary: cohort(150, 140, 90) };
    const evidence = observe(one.evidence, plan, reading(sample), { stageIndex: 0 });
    expect(assess(evidence, plan, { stageIndex: 0 })).toMatchObject({
      verdict: 'hard',
      holding: expect.arrayContaining([expect.objectContaining({ kind: 'split' })]),
    });
  });

  test('are counted once, however often a poll tells of them', () => {
    const one = gate(plan);
    // Two standard errors too many, said a thousand times.
    for (let i = 0; i < 1000; i++) expect(alarms(one.poll({ users: [945, 65] }))).toBe(false);
    expect(JSON.stringify(one.evidence.split).length).toBeLessThan(200);
  });
});

describe('counts that begin anew', () => {
  test('with a restarted process are no new users: the test begins anew, at a price', () => {
    const one = gate(plan);
    // The same users, two standard errors too many, are seen by a hundred restarts.
    for (let k = 0; k < 100; k++) {
      for (const share of [0.5, 1]) {
        const counts = { by: 'a', baseline: Math.round(945 * share), canary: Math.round(65 * share) };
        expect(alarms(one.poll({ users: [945, 65], split: counts }))).toBe(false);
      }
    }
    expect(one.evidence.split.begun).toBe(100);
    let at = one.poll({ split: { by: 'a', baseline: 900, canary: 100 } });
    at = one.poll({ split: { by: 'a', baseline: 1800, canary: 200 } });
    expect(alarms(at)).toBe(true);
  });

  test('in one cohort alone cannot be compared until both do', () => {
    const one = gate(plan);
    one.poll({ users: [950, 50] });
    one.poll({ users: [19_000, 1000] });
    const alone = one.poll({ users: [19_010, 30] });
    expect([alarms(alone), bands(alone)]).toEqual([false, true]);
    expect(alone.warnings).toEqual([
      expect.stringContaining('assumed'),
      expect.stringContaining('did not begin together'),
    ]);
    expect(bands(one.poll({ users: [500, 25] }))).toBe(false);
    expect(alarms(one.poll({ users: [500, 80] }))).toBe(true);
  });

  test('in another process count for themselves', () => {
    const one = gate(plan);
    one.poll({ split: { by: 'a', baseline: 945, canary: 65 } });
    const other = one.poll({ split: { by: 'b', baseline: 1890, canary: 130 } });
    expect([alarms(other), one.evidence.split.begun]).toEqual([false, 2]);
  });

  test('with the stage are the stage’s: older ones hold users who have changed the cohort since', () => {
    const one = gate(plan);
    for (const n of [1, 2, 3]) one.poll({ users: [950 * n, 50 * n] });
    one.enter(1);
    // The count goes on: a fifth of the baseline's users came over and stay counted there.
    for (const moved of [100, 300, 600]) {
      const at = one.poll({ requests: [2250, 750], users: [2850, 150 + moved] });
      expect([alarms(at), bands(at)]).toEqual([false, true]);
    }
    const anew = one.poll({ requests: [2250, 750], users: [750, 250] });
    expect([alarms(anew), bands(anew)]).toEqual([false, false]);
    expect(alarms(one.poll({ requests: [2250, 750], users: [1500, 900] }))).toBe(true);
  });

  test('long before the rollout are not tested: there were more users than requests', () => {
    const one = gate(plan);
    for (const canary of [10, 40, 90]) {
      const at = one.poll({ split: { by: 'a', baseline: 100_000, canary } });
      expect([alarms(at), bands(at)]).toEqual([false, true]);
    }
  });
});

describe('a stage whose users are no random sample', () => {
  const internal = { name: 'internal', audience: { segments: ['staff'] }, bake: '1m', minRequests: 1 };
  const both = planOf({ source: { users: 'users' }, stages: [internal, stage(5)] });

  test('has no planned split, and says nothing of it', () => {
    const one = gate(both);
    for (let i = 0; i < 10; i++) {
      const at = one.poll({ requests: [200, 2800], users: [100, 900] });
      expect([alarms(at), at.warnings.join().includes('split')]).toEqual([false, false]);
    }
  });

  test('leaves only too few canary users to be noticed later, where they are counted with the others', () => {
    const one = gate(both);
    one.poll({ users: [950, 20] });
    one.enter(1);
    const many = one.poll({ users: [500, 100] });
    expect(alarms(many)).toBe(false);
    expect(many.warnings.join()).toContain('source.users counts segments');
    expect(alarms(one.poll({ users: [2500, 100] }))).toBe(false);
    expect(alarms(one.poll({ users: [20_000, 500] }))).toBe(true);
  });

  test('leaves its users out of the minimum of the stages after it, where they are counted with the others', () => {
    const asking = (users: number) => ({ ...stage(5), minUsers: users });
    const of = planOf({ source: { users: 'users' }, stages: [internal, asking(100), asking(50)] });
    const one = gate(of);
    // Two hundred employees have it, of whom the next stages begin to count a few at a time.
    for (const users of [120, 200, 180]) one.poll({ users: [950, users] });
    one.enter(1);
    const users = (at: Assessment) => at.holding.filter(({ kind }) => kind === 'users');
    expect(users(one.poll({ users: [1000, 150] }))).toEqual([{ kind: 'users', have: 0, need: 100 }]);
    expect(users(one.poll({ users: [5000, 290] }))).toEqual([{ kind: 'users', have: 90, need: 100 }]);
    const enough = one.poll({ users: [6000, 300] });
    expect(users(enough)).toEqual([]);
    expect(enough.warnings.join()).toContain('and 200 of them are left out of minUsers');
    one.enter(2);
    expect(users(one.poll({ users: [900, 249] }))).toEqual([{ kind: 'users', have: 49, need: 50 }]);
  });

  test('leaves the users of tenants in it: they are customers as others are', () => {
    const early = { name: 'early', audience: { tenants: ['acme'] }, bake: '1m', minRequests: 1 };
    const of = planOf({ source: { users: 'users' }, stages: [early, { ...stage(5), minUsers: 100 }] });
    const one = gate(of);
    one.poll({ users: [950, 200] });
    one.enter(1);
    expect(one.poll({ users: [1000, 100] }).holding.map(({ kind }) => kind)).not.toContain('users');
  });

  test('has a minimum of its own users', () => {
    const own = planOf({ source: { users: 'users' }, stages: [{ ...internal, minUsers: 3 }, stage(5)] });
    const one = gate(own);
    expect(one.poll({ users: [0, 2] }).holding).toContainEqual({ kind: 'users', have: 2, need: 3 });
    expect(one.poll({ users: [0, 3] }).holding.map(({ kind }) => kind)).not.toContain('users');
  });

  test('is no reason to doubt users who are counted without them', () => {
    const one = gate(both);
    one.poll({ users: [950, 0] });
    one.enter(1);
    const at = one.poll({ users: [500, 100] });
    expect(at.holding).toContainEqual(
      expect.objectContaining({ kind: 'split', detail: expect.stringContaining('staff also have') }),
    );
  });
});

describe('where only requests are known', () => {
  const blind = planOf({ stages: [stage(5), stage(50)] });

  test('only a gross mismatch alarms, and the gate says so', () => {
    for (const [requests, alarmed] of [
      [[2850, 150], false],
      [[2700, 300], false],
      [[2000, 1000], true],
      [[2980, 20], true],
    ] as const) {
      const one = gate(blind);
      let at = one.poll({ requests: [...requests] });
      for (let i = 0; i < 40; i++) at = one.poll({ requests: [...requests] });
      expect([alarms(at), bands(at)]).toEqual([alarmed, true]);
      expect(at.verdict).toBe(alarmed ? 'hold' : 'pass');
    }
  });

  test('segments that have the canary as well make it no alarm to have many', () => {
    const internal = { name: 'internal', audience: { segments: ['staff'] }, bake: '1m' };
    const one = gate(planOf({ stages: [internal, stage(5)] }), 1);
    for (let i = 0; i < 40; i++) expect(alarms(one.poll({ requests: [2000, 1000] }))).toBe(false);
  });
});

/** Sticky users whose numbers of requests are log-normal with sigma 1. */
function healthy(of: { seed: number; users: number; each: number; share: number; percent: number }) {
  const random = randomOf(of.seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const POLLS = 40;
  const polls = Array.from({ length: POLLS }, () => ({
    requests: [0, 0] as [number, number],
    users: [0, 0] as [number, number],
  }));
  for (let u = 0; u < of.users; u++) {
    const side = random() < of.share ? 1 : 0;
    const rate = (of.each * Math.exp(normal() - 0.5)) / POLLS;
    let seen = false;
    for (const poll of polls) {
      const many = Math.floor(rate) + (random() < rate % 1 ? 1 : 0);
      if (many > 0 && !seen) poll.users[side] += 1;
      seen ||= many > 0;
      poll.requests[side] += many;
    }
  }
  return polls;
}

describe('simulated healthy stages of sticky users, log-normal with sigma 1', () => {
  const RUNS = 100;
  const count = (of: { percent: number; share: number; told: boolean; each: number }) => {
    const known = planOf({ stages: [stage(of.percent)] });
    const frame = stageFrame(known, 0);
    let alarmed = 0;
    for (let seed = 0; seed < RUNS; seed++) {
      let split = openSplit();
      const users = { baseline: 0, canary: 0 };
      let any = false;
      for (const [i, poll] of healthy({ ...of, seed, users: 2500 }).entries()) {
        const cohort = (side: 0 | 1) => ({ requests: poll.requests[side], ratios: {}, histograms: {} });
        users.baseline += poll.users[0];
        users.canary += poll.users[1];
        const sample = {
          stage: '',
          t: (i + 1) * STEP,
          baseline: cohort(0),
          canary: cohort(1),
          split: of.told ? { by: 'a', ...users } : null,
        };
        split = observeSplit(split, { plan: known, frame, sample, since: 0 });
        any ||= splitFault({ split, plan: known, frame }) !== null;
      }
      alarmed += any ? 1 : 0;
    }
    return alarmed / RUNS;
  };

  test.each([1, 5, 50])(
    'at %s %% alarm in at most 1 of 100 by users and by requests',
    { timeout: 60_000 },
    (percent) => {
      for (const each of [20, 200]) {
        for (const told of [true, false])
          expect(count({ percent, share: percent / 100, told, each })).toBeLessThanOrEqual(0.01);
      }
    },
  );

  test('that are not split as planned alarm by users', { timeout: 60_000 }, () => {
    expect(count({ percent: 5, share: 0.1, told: true, each: 20 })).toBeGreaterThan(0.95);
    expect(count({ percent: 50, share: 0.56, told: true, each: 20 })).toBeGreaterThan(0.95);
  });
});

describe('a split that a person has accepted', () => {
  const grown = (
    of: ReturnType<typeof gate>,
    from: [number, number],
    step: [number, number],
    polls: number,
  ) => {
    let at = of.poll({ users: from });
    for (let i = 1; i <= polls; i++) at = of.poll({ users: [from[0] + i * step[0], from[1] + i * step[1]] });
    return at;
  };

  test('is quiet while it stays as it was accepted, and says what it is held against', () => {
    const one = gate(plan);
    const held = one.poll({ users: [1800, 200] });
    expect(held.holding).toContainEqual(
      expect.objectContaining({ kind: 'split', seen: { of: 'users', baseline: 1800, canary: 200 } }),
    );
    expect(one.accept()).toBe(true);
    const at = grown(one, [1800, 200], [90, 10], 40);
    expect(alarms(at)).toBe(false);
    expect(at.warnings).toContainEqual(
      expect.stringMatching(/accepted the traffic split .* 10 % of the users/),
    );
  });

  test('holds again once what comes is split otherwise', () => {
    const one = gate(plan);
    one.poll({ users: [1800, 200] });
    one.accept();
    const at = grown(one, [1800, 200], [60, 40], 10);
    const fault = at.holding.find(({ kind }) => kind === 'split');
    expect(fault).toMatchObject({
      detail: expect.stringMatching(/^400 of 1000 users have the canary, 40 % where 10 % are accepted$/),
    });
  });

  test('is tested no finer than the accepted share was known: hardly one of many alarms, however long it lasts', () => {
    let alarmed = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const random = randomOf(seed);
      const one = gate(plan);
      let users: [number, number] = [270, 30];
      const draw = (n: number) => {
        for (let i = 0; i < n; i++)
          users = random() < 0.11 ? [users[0], users[1] + 1] : [users[0] + 1, users[1]];
      };
      one.poll({ users });
      one.accept();
      let any = false;
      for (let i = 0; i < 40; i++) {
        draw(250);
        any ||= alarms(one.poll({ users }));
      }
      if (any) alarmed += 1;
    }
    expect(alarmed).toBeLessThanOrEqual(3);
  });

  test('counts for its stage alone, and not where a cohort has nothing', () => {
    const one = gate(plan);
    one.poll({ users: [1800, 200] });
    one.accept();
    one.enter(1);
    one.poll({ requests: [2250, 750], users: [20, 2] });
    expect(alarms(one.poll({ requests: [2250, 750], users: [1800, 200] }))).toBe(true);
    const none = gate(plan);
    const held = none.poll({ users: [4000, 0] });
    expect(held.holding.find(({ kind }) => kind === 'split')).not.toHaveProperty('seen');
    expect(none.accept()).toBe(false);
  });

  test('of requests moves the band to what was seen', () => {
    const one = gate(planOf({ stages: [stage(5)] }));
    let at = one.poll({ requests: [60_000, 60_000] });
    for (let i = 0; i < 3; i++) at = one.poll({ requests: [60_000, 60_000] });
    expect(alarms(at)).toBe(true);
    expect(one.accept()).toBe(true);
    for (let i = 0; i < 6; i++) at = one.poll({ requests: [60_000, 60_000] });
    expect(alarms(at)).toBe(false);
    for (let i = 0; i < 90; i++) at = one.poll({ requests: [114_000, 6_000] });
    expect(alarms(at)).toBe(true);
  });
});
