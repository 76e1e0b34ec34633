import { expect, it } from 'vitest';
import { enterStage } from '../analysis/gate.ts';
import { NO_EXPOSURE } from '../plans/exposure.ts';
import { ALIKE, ALIKE_TEXT } from '../plans/shadow.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const limit = (fired: boolean) => ({
  limit: ALIKE,
  value: fired ? 9 : 0,
  threshold: 4.6,
  since: fired ? 1 : null,
  fired,
  action: 'pause' as const,
});
const reason = `${ALIKE_TEXT}; errors: canary 6 % against 1 %`;
const apart = assessment('hold', { reason, limits: [limit(true)] });

function begun(policy: object = { soft: 'rollback' }): World {
  const stages = [
    { name: 'A/A', aa: { percent: 5 }, bake: '10s' },
    { name: '5%', percent: 5, bake: '10s' },
    { name: '100%', percent: 100, bake: '10s' },
  ];
  const world = new World(planOf({ approvals: {}, stages, policy }));
  world.event({ kind: 'begin' });
  world.settle();
  return world;
}

it('an A/A stage comes first: the flag counts a share of the users, and the next stage serves them', () => {
  const world = begun();
  expect(world.flag).toMatchObject({ revision: 2, exposure: { percent: 5, mode: 'aa' } });
  expect(world.journal.find(({ transition }) => transition === 'started')?.summary).toBe(
    'Stage A/A: the canary serves nobody, with 5 % counted apart on the old path.',
  );
  world.report(assessment('pass'));
  world.settle();
  expect(world.flag).toMatchObject({ revision: 3, exposure: { ...NO_EXPOSURE, percent: 5 } });
  expect(world.flag.exposure.mode).toBeUndefined();
});

it('cohorts of the old path that differ pause it, whatever the policy, and nobody is told of a regression', () => {
  for (const soft of ['pause', 'step-back', 'rollback']) {
    const world = begun({ soft });
    world.report(apart);
    world.settle();
    expect(world.state).toMatchObject({
      phase: 'active',
      pause: { causes: [{ kind: 'limit', text: reason }] },
    });
    expect(world.flag).toMatchObject({ revision: 2, exposure: { mode: 'aa' } });
    const line = world.journal.at(-1);
    expect(line).toMatchObject({ transition: 'paused', summary: `Paused: ${reason}.` });
  }
});

it('a limit that is crossed there is told as one of the old path', () => {
  const world = begun();
  const limits = [{ ...limit(true), limit: 'ceiling', value: 0.4, threshold: 0.3 }];
  world.report(assessment('hold', { reason: 'x', limits }));
  expect(world.journal.at(-1)?.summary).toBe(
    'Paused: the limit "ceiling" was crossed: 0.4 above 0.3, with the old path on both sides.',
  );
});

it('whoever resumes says that it is mended: the comparison begins anew, and pauses again if it is not', () => {
  const world = begun();
  world.report(apart);
  const gate = world.gate?.id ?? 0;
  const evidence = enterStage(world.state.memory?.evidence as never, world.state.plan, 0);
  world.state = { ...world.state, memory: { since: 0, cursor: 0, cleanSince: null, evidence } };
  world.person('resume');
  expect(world.state.pause).toBeNull();
  expect(world.state.memory).toMatchObject({ evidence: { stage: null, metrics: {} } });
  expect(world.gate?.id).toBe(gate + 1);
  expect(world.journal.at(-1)?.summary).toBe('Resumed by kim. The cohorts are compared anew.');
  world.report(assessment('hold', { limits: [limit(false)] }));
  expect(world.state.pause).toBeNull();
  world.report(apart);
  expect(world.state.pause?.causes).toMatchObject([{ kind: 'limit', text: reason }]);
});

it('a rollback, a kill and a step back end the counting', () => {
  for (const end of ['rollback', 'step-back'] as const) {
    const world = begun();
    world.report(apart);
    world.person(end);
    world.settle();
    expect(world.state.phase).toBe('rolled-back');
    expect(world.flag.exposure).toEqual(NO_EXPOSURE);
  }
});
