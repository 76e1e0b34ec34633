import { describe, expect, test } from 'vitest';
import { bakeTimeFor, planDuration } from './bake-time.ts';
import { assumedDispersion } from './dispersion.ts';
import type { Profile } from './profile.ts';
import { stageFindings } from './stage-findings.ts';
import { planStages } from './stage-outlook.ts';
import { planOf } from './traffic.fixture.ts';
import type { Traffic } from './traffic.ts';
import { trafficOf } from './traffic.ts';

const QUIET = [0.02, 0.02, 0.02, 0.02];
const profile: Profile = {
  polls: 5760,
  learnt: { dispersion: { errors: QUIET }, edges: {} },
  metrics: { errors: { kind: 'ratio', trials: 3000, count: { events: 86_400, total: 17_280_000 } } },
  slices: {},
};
/** Requests an hour of both cohorts, at most and at least. */
const traffic = (perHour: number, least = perHour / 4): Record<string, Traffic> => ({
  errors: { perHour, quietest: { perHour: least, hour: 3 }, hours: 168 },
});
const stagesOf = (perHour: number, more: Record<string, unknown> = {}) =>
  planStages({ plan: planOf(more), profile, traffic: traffic(perHour), users: 10_000, sliceUsers: {} });

describe('what a stage can show', () => {
  test('is counted in the requests that its percentage gets, on average and in the quietest hour', () => {
    const [one, five] = stagesOf(720_000);
    expect(one).toMatchObject({ percent: 1, perHour: 7200, quietestPerHour: 1800, users: 100 });
    expect(five).toMatchObject({ percent: 5, perHour: 36_000, quietestPerHour: 9000, users: 500 });
  });

  test('a difference of the margin that is tested is tolerated; twice of it, and the hard one, take their time', () => {
    const [metric] = stagesOf(720_000)[1]?.metrics ?? [];
    if (metric?.kind !== 'planned') throw new Error('planned');
    const [soft, twice, hard] = metric.mean.detections;
    expect(soft).toMatchObject({ of: 'soft', times: 1, kind: 'tolerated' });
    if (twice?.kind !== 'found' || hard?.kind !== 'found') throw new Error('found');
    expect(hard.seconds).toBeLessThan(twice.seconds);
    expect(hard.seconds).toBeLessThan(hard.likely ?? 0);
    expect(metric.quietest?.detections[2]).toMatchObject({ kind: 'found' });
  });

  test('the smallest difference lies beyond the margin, and is found by the end of the bake time, no sooner', () => {
    const outlookFor = (bake: string) => {
      const stages = [{ name: '5%', percent: 5, bake }];
      const [metric] = stagesOf(720_000, { stages })[0]?.metrics ?? [];
      if (metric?.kind !== 'planned' || metric.mean.smallest === null) throw new Error('planned');
      return metric.mean.smallest;
    };
    expect(outlookFor('1h')).toBeGreaterThan(0.001);
    expect(outlookFor('4h')).toBeLessThan(outlookFor('1h'));
    const stages = [{ name: '5%', percent: 5, bake: '1h', metrics: { errors: { hard: '+0.6pp' } } }];
    expect(stagesOf(720_000, { stages })[0]?.metrics[0]).toMatchObject({ kind: 'planned' });
  });

  test('noise that lasts makes all of it longer', () => {
    const noisy: Profile = {
      ...profile,
      learnt: { dispersion: { errors: [0.1, 0.2, 0.4, 0.8, 1.6] }, edges: {} },
    };
    const time = (known: Profile) => {
      const plan = planOf();
      const [, five] = planStages({
        plan,
        profile: known,
        traffic: traffic(720_000),
        users: null,
        sliceUsers: {},
      });
      const [metric] = five?.metrics ?? [];
      const hard = metric?.kind === 'planned' ? metric.mean.detections[2] : undefined;
      return hard?.kind === 'found' ? hard.seconds : Number.POSITIVE_INFINITY;
    };
    expect(time(noisy)).toBeGreaterThan(3 * time(profile));
  });

  test('proof takes what the planning rule says where there is counting noise alone, and more with noise', () => {
    const proofOf = (knots: number[]) => {
      const known: Profile = { ...profile, learnt: { dispersion: { errors: knots }, edges: {} } };
      const stages = [{ name: '25%', percent: 25, bake: '1h', promote: { proof: '0.5pp' } }];
      const [stage] = planStages({
        plan: planOf({ stages }),
        profile: known,
        traffic: traffic(720_000),
        users: null,
        sliceUsers: {},
      });
      const [metric] = stage?.metrics ?? [];
      if (metric?.kind !== 'planned' || metric.mean.proof === null) throw new Error('planned');
      return metric.mean.proof;
    };
    const { requests, rule, asked, margin } = proofOf([0, 0, 0, 0, 0, 0, 0]);
    expect({ asked, margin }).toEqual({ asked: true, margin: 0.005 });
    expect((requests ?? 0) / (rule ?? 1)).toBeGreaterThan(0.5);
    expect((requests ?? 0) / (rule ?? 1)).toBeLessThan(1.5);
    const G = assumedDispersion(0.3);
    expect(proofOf([1, 2, 4, 8, 16, 32, 64].map(G)).requests).toBeGreaterThan(requests ?? 0);
    // Blocks of a poll tell nothing of noise that lasts, and a proof waits for longer ones.
    expect(proofOf([0]).requests).toBeGreaterThan(2 * (requests ?? 0));
  });

  test('gauges, metrics without margins and those without requests are not planned, and say why', () => {
    const metrics = [
      { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp' },
      { name: 'other', kind: 'ratio', bad: 'bad', total: 'other' },
      { name: 'memory', kind: 'gauge', gauge: 'memory', soft: '+20%' },
      { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+20%' },
    ];
    const [, five] = stagesOf(720_000, { metrics });
    expect(five?.metrics.map((one) => (one.kind === 'planned' ? 'planned' : one.why))).toEqual([
      'planned',
      'the baseline had no requests of it',
      'the baseline had no value of it',
      'the baseline had no requests of it',
    ]);
  });
});

describe('a stage warns', () => {
  const warnings = (perHour: number, stages: object[], users: number | null = 10_000) =>
    planStages({
      plan: planOf({ stages }),
      profile,
      traffic: traffic(perHour),
      users,
      sliceUsers: {},
    }).flatMap(stageFindings);

  test('when it is too short to see what its thresholds name, and says what would be long enough', () => {
    const found = warnings(72_000, [{ name: '1%', percent: 1, bake: '1h' }]);
    const hard = found.find(({ message }) => message.includes('the hard margin'));
    expect(hard).toMatchObject({ severity: 'warning', where: 'stage 1%' });
    const bake = /^bake: (\S+)$/.exec(hard?.instead ?? '')?.[1];
    expect(bake).toBeDefined();
    const again = warnings(72_000, [{ name: '1%', percent: 1, bake }]);
    expect(again.filter(({ message }) => message.includes('the hard margin'))).toEqual([]);
  });

  test('never when there is time enough', () => {
    expect(warnings(7_200_000, [{ name: '25%', percent: 25, bake: '24h' }])).toEqual([]);
  });

  test('when its minimums are out of reach by the time that it asks a person', () => {
    const stage = { name: '1%', percent: 1, bake: '24h', max: '24h', minRequests: 100_000, minUsers: 200 };
    const texts = warnings(72_000, [stage]).map(({ message }) => message);
    expect(texts).toContainEqual(expect.stringMatching(/minimum of 100000 canary requests takes 5.8 d/));
    expect(texts).toContainEqual(expect.stringMatching(/100 get the canary, its minimum is 200/));
    expect(warnings(7_200_000, [{ ...stage, minUsers: 50 }])).toEqual([]);
  });

  test('when its proof comes too late', () => {
    const stage = { name: '1%', percent: 1, bake: '10m', max: '20m', promote: { proof: '0.2pp' } };
    expect(warnings(72_000, [stage]).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/is proven to 0.2 pp after .*, the stage asks a person after 20m/),
    );
  });
});

describe('traffic by the hour', () => {
  const week = Array.from({ length: 7 * 24 }, (_, i) => ({
    at: (i + 1) * 3600,
    requests: i % 24 === 3 ? 100 : 1000,
  }));

  test('has a mean, and a quietest hour of the day over the days', () => {
    const { perHour, quietest, hours } = trafficOf(week, 5);
    expect(hours).toBe(167);
    expect(perHour).toBeCloseTo(962, 0);
    expect(quietest).toEqual({ perHour: 100, hour: 3 });
  });

  test('of less than a day has no quietest hour, and without whole hours what was polled stands for it', () => {
    expect(trafficOf(week.slice(0, 12), 5).quietest).toBeNull();
    expect(trafficOf([], 5)).toEqual({ perHour: 5, quietest: null, hours: 0 });
  });
});

test('bake times are such as people write', () => {
  expect([1, 301, 3700, 90_000, 30 * 86_400].map(bakeTimeFor)).toEqual([300, 600, 7200, 129_600, null]);
  expect([300, 5400, 3600, 86_400, 172_800, 604_800, 90].map(planDuration)).toEqual([
    '5m',
    '90m',
    '1h',
    '24h',
    '48h',
    '7d',
    '90s',
  ]);
});
