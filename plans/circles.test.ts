import { describe, expect, it } from 'vitest';
import { circleOf } from './circles.ts';
import { Plan } from './plan.ts';
import type { RequiredRow } from './requires.ts';

type Requires = { rollout: string; reached?: string | { stage: string }; environment?: string };

/** Stages of 5, 25 and 100 %, of which each may require something; `top`: the plan does. */
function planOf(name: string, more: { top?: Requires[]; stages?: Record<string, Requires[]> } = {}): Plan {
  const metrics = [{ name: 'errors', kind: 'ratio', bad: 'e', total: 'n', soft: '+0.1pp', hard: '+0.5pp' }];
  const stages = [5, 25, 100].map((percent) => {
    const requires = more.stages?.[`${percent}%`];
    return { name: `${percent}%`, percent, ...(requires === undefined ? {} : { requires }) };
  });
  return Plan.parse({
    metadata: { name },
    flag: { key: name },
    metrics,
    stages,
    ...(more.top === undefined ? {} : { requires: more.top }),
  });
}

const row = (plan: Plan, view: RequiredRow['view'] = null): RequiredRow => ({
  id: `${plan.metadata.name}-1`,
  phase: 'submitted',
  view,
  plan,
});
const circle = (plan: Plan, ...active: Plan[]) =>
  circleOf(plan, { active: active.map((one) => row(one)), isMet: () => false })?.text ?? null;

describe('a plan is in a circle', () => {
  it('where two wait for the end of each other', () => {
    const a = planOf('a', { top: [{ rollout: 'b' }] });
    expect(circle(a, planOf('b', { top: [{ rollout: 'a' }] }))).toBe(
      'stage 5% of a waits until b-1 has reached its end, stage 5% of b-1 waits until a has reached its end',
    );
    expect(circle(a, planOf('b'))).toBeNull();
    expect(circle(a)).toBeNull();
  });

  it('through a third one, and by a stage alone', () => {
    const a = planOf('a', { stages: { '25%': [{ rollout: 'b', reached: '5%' }] } });
    const b = planOf('b', { top: [{ rollout: 'c', reached: { stage: '100%' } }] });
    const c = planOf('c', { stages: { '100%': [{ rollout: 'a', reached: '100%' }] } });
    expect(circle(a, b, c)).toBe(
      'stage 25% of a waits until b-1 has reached 5 %, stage 5% of b-1 waits until c-1 has reached stage 100%, stage 100% of c-1 waits until a has reached 100 %',
    );
  });

  it('not where they go up in turn', () => {
    const a = planOf('a', { stages: { '25%': [{ rollout: 'b', reached: '5%' }] } });
    const b = planOf('b', {
      stages: { '5%': [{ rollout: 'a', reached: '5%' }], '25%': [{ rollout: 'a', reached: '25%' }] },
    });
    expect(circle(a, b)).toBeNull();
    expect(circle(b, a)).toBeNull();
  });

  it('not with the plan of the same name in another environment', () => {
    const a = planOf('a', { top: [{ rollout: 'b', environment: 'staging' }] });
    expect(circle(a, planOf('b', { top: [{ rollout: 'a' }] }))).toBeNull();
  });

  it('not where one of them has what it asked for', () => {
    const a = planOf('a', { top: [{ rollout: 'b' }] });
    const b = planOf('b', { top: [{ rollout: 'a' }] });
    expect(circleOf(a, { active: [row(b)], isMet: () => true })).toBeNull();
    const requires = [
      {
        rollout: 'a',
        environment: 'production',
        id: 'a-1',
        stage: null,
        reached: 'its end',
        standing: 'met',
        text: '',
      },
    ];
    const view = { requires } as unknown as RequiredRow['view'];
    expect(circleOf(a, { active: [row(b, view)], isMet: () => false })).toBeNull();
  });
});
