import { expect, test } from 'vitest';
import type { LimitAssessment } from '../plans/assessment.ts';
import { DOUBT } from '../plans/shadow.ts';
import { climb } from './orders.fixture.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const REASON = 'errors: canary 1.5 % against 0.5 %; stops by itself once that has stood for 30 min';
const fired: LimitAssessment = {
  limit: DOUBT,
  value: 5,
  threshold: 4.6,
  since: 60,
  fired: true,
  action: 'pause',
};

test('a stop by few canary instances asks people at once, is resumed by one, and rolls back once it stands', () => {
  const stages = [1, 5, 25].map((percent) => ({ name: `${percent}%`, percent }));
  const world = new World(planOf({ approvals: {}, stages }));
  world.event({ kind: 'begin' });
  world.settle();
  climb(world, 1);
  const doubt = assessment('hold', { limits: [fired], reason: REASON });
  world.report(doubt);
  world.settle();
  expect(world.state.pause?.causes).toEqual([{ kind: 'limit', text: REASON }]);
  expect(world.flag.exposure.percent).toBe(5);
  expect(world.journal.at(-1)).toMatchObject({ transition: 'paused', summary: `Paused: ${REASON}.` });
  world.person('resume');
  world.report(doubt);
  expect(world.state.pause).toBeNull();
  world.report(assessment('hard'));
  world.settle();
  expect([world.state.phase, world.flag.exposure.percent]).toEqual(['rolled-back', 0]);
});
