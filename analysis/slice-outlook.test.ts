import { describe, expect, test } from 'vitest';
import type { MetricProfile, Profile } from './profile.ts';
import { stageFindings } from './stage-findings.ts';
import { planStages, type StageOutlook } from './stage-outlook.ts';
import { planOf } from './traffic.fixture.ts';

const SLICE = 'tier=enterprise';
const errors = (part: number): MetricProfile => ({
  kind: 'ratio',
  trials: 3000 * part,
  count: { events: 86_400 * part, total: 17_280_000 * part },
});

function stagesOf(
  coverage: object[],
  of: { part?: number; own?: number[]; users?: number; percent?: number; stage?: object } = {},
): StageOutlook[] {
  const { part = 0.05, own, users, percent = 25 } = of;
  const profile: Profile = {
    polls: 5760,
    learnt: { dispersion: { errors: [0.02, 0.02, 0.02] }, edges: {} },
    metrics: { errors: errors(1) },
    slices: {
      [SLICE]: {
        learnt: { dispersion: own === undefined ? {} : { errors: own }, edges: {} },
        metrics: { errors: errors(part) },
      },
    },
  };
  return planStages({
    plan: planOf({ stages: [{ name: '25%', percent, bake: '1h', ...of.stage }], coverage }),
    profile,
    traffic: { errors: { perHour: 720_000, quietest: { perHour: 180_000, hour: 3 }, hours: 168 } },
    users: 10_000,
    sliceUsers: users === undefined ? {} : { [SLICE]: users },
  });
}

const sliceOf = (...of: Parameters<typeof stagesOf>) => {
  const [found] = stagesOf(...of)[0]?.slices ?? [];
  if (found === undefined) throw new Error('no slice');
  return found;
};
const hardOf = (found: ReturnType<typeof sliceOf>) => {
  const [metric] = found.metrics;
  const hard = metric?.kind === 'planned' ? metric.mean.detections[2] : undefined;
  return hard?.kind === 'found' ? hard.seconds : Number.POSITIVE_INFINITY;
};

describe('a slice of a stage', () => {
  test('has its share of the traffic, and sees the later the smaller it is', () => {
    const found = sliceOf([{ slice: SLICE }]);
    expect(found).toMatchObject({ slice: SLICE, perHour: 9000, quietestPerHour: 2250 });
    expect(found.minRequests).toEqual({ need: 1000, seconds: 400 });
    expect(hardOf(sliceOf([{ slice: SLICE }], { part: 0.2 }))).toBeLessThan(hardOf(found));
    expect(hardOf(sliceOf([{ slice: SLICE }], { percent: 1 }))).toBeGreaterThan(hardOf(found));
  });

  test('has less of the evidence, the more slices there are', () => {
    const others = Array.from({ length: 20 }, (_, i) => ({ slice: `tier=t${i}` }));
    expect(hardOf(sliceOf([{ slice: SLICE }, ...others]))).toBeGreaterThan(
      hardOf(sliceOf([{ slice: SLICE }])),
    );
  });

  test('is as noisy as it was measured, and until then as the plan assumes', () => {
    const measured = hardOf(sliceOf([{ slice: SLICE }], { own: [0.001, 0.001, 0.001] }));
    const noisy = hardOf(sliceOf([{ slice: SLICE }], { own: [0.5, 1, 2] }));
    const assumed = hardOf(sliceOf([{ slice: SLICE }]));
    expect(measured).toBeLessThan(assumed);
    expect(assumed).toBeLessThan(noisy);
  });

  test('must have been seen by its users where they are counted, else by requests', () => {
    const wanted = [{ slice: SLICE, minUsers: 200 }];
    expect(sliceOf(wanted)).toMatchObject({ minUsers: null, minRequests: { need: 2000 } });
    const counted = sliceOf(wanted, { users: 400 });
    expect(counted).toMatchObject({ minUsers: { need: 200, expected: 100 }, minRequests: null });
    const both = sliceOf([{ slice: SLICE, minUsers: 200, minRequests: 50 }], { users: 400 });
    expect(both).toMatchObject({ minUsers: { need: 200 }, minRequests: { need: 50 } });
  });
});

describe('a stage warns of a slice', () => {
  const texts = (...of: Parameters<typeof stagesOf>) =>
    stagesOf(...of)
      .flatMap(stageFindings)
      .filter(({ message }) => message.includes('tier='))
      .map(({ severity, message }) => `${severity}: ${message}`);

  test('whose minimums come too late, or never', () => {
    expect(texts([{ slice: SLICE, minRequests: 100_000 }])).toContainEqual(
      expect.stringMatching(
        /^warning: its minimum of 100000 canary requests of tier=enterprise takes 11.1 h/,
      ),
    );
    expect(texts([{ slice: SLICE, minUsers: 200 }], { users: 400 })).toContainEqual(
      expect.stringMatching(
        /^warning: of the users of tier=enterprise that are counted now 100 get the canary/,
      ),
    );
    expect(texts([{ slice: 'tier=gold' }])).toContainEqual(
      expect.stringMatching(/^warning: no series of the last day had tier=gold/),
    );
  });

  test('that sees its margins only later, as a note; never of one that sees them', () => {
    expect(texts([{ slice: SLICE }], { part: 0.01 })).toEqual([
      expect.stringMatching(
        /^note: tier=enterprise sees beyond 1h only: errors 0.5 pp \(the hard margin\) after/,
      ),
    ]);
    expect(texts([{ slice: SLICE }], { part: 0.8, own: [0.001, 0.001, 0.001] })).toEqual([]);
  });

  test('never where the stage asks nothing of it', () => {
    const stage = { name: 'internal', audience: { segments: ['employees'] }, percent: undefined };
    expect(stagesOf([{ slice: 'tier=gold' }], { stage })[0]).toMatchObject({ compared: false, slices: [] });
  });
});
