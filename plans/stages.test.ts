import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_EXPOSURE, withinExposure } from './exposure.ts';
import { Plan } from './plan.ts';
import { approvalFor, safeExposure, stageExposure, stageMax, stageMetric, stageShare } from './stages.ts';

const base = {
  metadata: { name: 'x' },
  flag: { key: 'x' },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'b', total: 't', soft: '+0.1pp', hard: '+0.5pp' }],
};
const plan = (more: object = {}) =>
  Plan.parse({
    ...base,
    stages: [
      { name: 'internal', audience: { segments: ['employees'] } },
      {
        name: '5%',
        percent: 5,
        bake: '1h',
        metrics: { errors: { hard: '+1pp' } },
        approval: { roles: ['on-call'] },
      },
      { name: 'partners', audience: { segments: ['partners', 'employees'] }, bake: '1h', max: '3h' },
      { name: '100%', percent: 100 },
      { name: 'decommission', decommission: {} },
    ],
    ...more,
  });

describe('who has the canary in a stage', () => {
  it('is nobody before the start; then segments add up and the last percentage stays', () => {
    expect([-1, 0, 1, 2, 3, 4, 9].map((index) => stageExposure(plan(), index))).toEqual([
      NO_EXPOSURE,
      { percent: 0, segments: ['employees'], variant: null },
      { percent: 5, segments: ['employees'], variant: null },
      { percent: 5, segments: ['employees', 'partners'], variant: null },
      { percent: 100, segments: ['employees', 'partners'], variant: null },
      { percent: 100, segments: ['employees', 'partners'], variant: null },
      { percent: 100, segments: ['employees', 'partners'], variant: null },
    ]);
    expect([-1, 0, 1, 3].map((index) => stageShare(plan(), index))).toEqual([0, 0, 0.05, 1]);
  });

  it('only grows along a plan', () => {
    const percents = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 });
    const stage = fc.oneof(fc.constant(null), fc.constantFrom('a', 'b', 'c'));
    fc.assert(
      fc.property(percents, fc.array(stage, { maxLength: 5 }), (steps, audiences) => {
        const stages = [
          ...steps.toSorted((a, b) => a - b).map((percent) => ({ name: 's', percent })),
          ...audiences.map((segment) => ({ name: 's', audience: { segments: [segment ?? 'a'] } })),
        ].sort((a, b) => ('percent' in a && 'percent' in b ? a.percent - b.percent : 0));
        const grown = plan({ stages });
        stages.forEach((_, index) => {
          expect(withinExposure(stageExposure(grown, index - 1), stageExposure(grown, index))).toBe(true);
        });
      }),
    );
  });
});

describe('where a stop ends', () => {
  const current = { percent: 25, segments: ['employees'], variant: null };

  it('is nobody for a reversible plan', () => {
    expect(safeExposure(plan(), current)).toEqual(NO_EXPOSURE);
  });

  it('is the present exposure, or its safe variant, for a forward-only plan', () => {
    const forward = { reversibility: 'forward-only' };
    expect(safeExposure(plan({ ...forward, safeExposure: 'frozen' }), current)).toEqual(current);
    const disabled = plan({ ...forward, safeExposure: { variant: 'disabled' } });
    expect(safeExposure(disabled, current)).toEqual({ ...current, variant: 'disabled' });
    expect(safeExposure(disabled, NO_EXPOSURE)).toEqual(NO_EXPOSURE);
  });
});

describe('what holds in a stage', () => {
  it('are its own margins, else those of the metric', () => {
    const margin = (absolute: number) => ({ direction: 'increase', absolute, relative: null });
    expect(stageMetric(plan(), 0, 'errors')).toEqual({
      soft: margin(0.001),
      hard: margin(0.005),
      improve: null,
    });
    expect(stageMetric(plan(), 1, 'errors')).toEqual({
      soft: margin(0.001),
      hard: margin(0.01),
      improve: null,
    });
    expect(stageMetric(plan(), 1, 'toString')).toEqual({
      soft: null,
      hard: null,
      improve: null,
    });
  });

  it('is the approval that opens the next stage, and its longest time', () => {
    const everywhere = plan({ approval: { roles: ['lead'] }, approvals: { start: { roles: ['owner'] } } });
    const roles = [-1, 0, 1, 2, 3, 4].map((index) => approvalFor(everywhere, index)?.roles[0] ?? null);
    expect(roles).toEqual(['owner', 'lead', 'on-call', 'lead', 'lead', null]);
    expect(approvalFor(plan(), -1)).toBeNull();
    expect([1, 2].map((index) => stageMax(plan(), index))).toEqual([7200, 10_800]);
  });
});
