import { describe, expect, it } from 'vitest';
import type { CohortSample, Sample } from '../plans/sample.ts';
import { withoutSlices } from './without-slices.ts';

function cohort(requests: number, events: number, users?: number): CohortSample {
  return {
    requests,
    ratios: { errors: { events, total: requests } },
    histograms: {
      p95: [
        [0.1, requests - events],
        ['+Inf', requests],
      ],
    },
    ...(users === undefined ? {} : { users }),
  };
}

const sample: Sample = {
  stage: '5%',
  t: 60,
  baseline: cohort(900, 9, 90),
  canary: cohort(100, 12, 10),
  halves: [cohort(450, 4), cohort(450, 5)],
  slices: {
    'tenant=acme': {
      baseline: cohort(90, 1, 9),
      canary: cohort(10, 10, 1),
      halves: [cohort(40, 0), cohort(50, 1)],
    },
    'tenant=globex': { baseline: cohort(90, 1), canary: cohort(10, 0) },
    'tier=free': { baseline: cohort(400, 4), canary: cohort(40, 1) },
  },
};

describe('a sample without a slice', () => {
  it('has what the others have, in both cohorts, their halves, histograms and users', () => {
    expect(withoutSlices(sample, ['tenant=acme'])).toEqual({
      stage: '5%',
      t: 60,
      baseline: cohort(810, 8, 81),
      canary: cohort(90, 2, 9),
      halves: [cohort(410, 4), cohort(400, 4)],
      slices: {
        'tenant=globex': sample.slices?.['tenant=globex'],
        'tier=free': sample.slices?.['tier=free'],
      },
    });
  });

  it('has no halves where the slice tells none, and no users where it counts none', () => {
    const left = withoutSlices(sample, ['tenant=acme', 'tenant=globex']);
    expect(left.canary).toMatchObject({ requests: 80, ratios: { errors: { events: 2, total: 80 } } });
    expect(left.halves).toBeUndefined();
    expect(left.canary.users).toBe(10);
  });

  it('loses no request twice: of two labels the first one counts', () => {
    expect(withoutSlices(sample, ['tenant=acme', 'tier=free']).canary.requests).toBe(90);
  });

  it('keeps what a slice has not, or has more of than there is, and is itself where the slice is not there', () => {
    expect(withoutSlices(sample, ['tenant=hooli'])).toBe(sample);
    const part = { baseline: cohort(90, 1), canary: { ...cohort(10, 0), histograms: {} } };
    const odd = withoutSlices({ ...sample, slices: { 'tenant=acme': part } }, ['tenant=acme']);
    expect(odd.canary.histograms).toEqual(sample.canary.histograms);
    const more = { baseline: cohort(90, 1), canary: cohort(20, 15) };
    const whole = withoutSlices({ ...sample, slices: { 'tenant=acme': more } }, ['tenant=acme']);
    expect(whole.canary.ratios).toEqual(sample.canary.ratios);
  });
});
