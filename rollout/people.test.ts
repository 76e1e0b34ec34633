import { expect, it } from 'vitest';
import type { MetricAssessment } from '../plans/assessment.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const errors: MetricAssessment = {
  metric: 'errors',
  verdict: 'soft',
  lnE: 5,
  estimate: 0.002,
  standardError: 0.0005,
  baseline: 0.005,
  canary: 0.007,
  baselineRequests: 9500,
  canaryRequests: 500,
  soft: 0.001,
  hard: 0.005,
  interval: [0.0011, 0.0034],
  proven: null,
};

it('an accepted difference stands in the journal by its metric, so that a report can judge by it', () => {
  const world = new World(planOf({ approvals: {} }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  world.report(assessment('soft', { metric: 'errors', metrics: [errors] }));
  world.person('approve');
  expect(world.journal.at(-1)).toMatchObject({ transition: 'accepted', accepted: { errors: 0.0034 } });
});
