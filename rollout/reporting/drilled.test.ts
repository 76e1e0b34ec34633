import { expect, test } from 'vitest';
import type { DrillRun } from '../../plans/drill.ts';
import { tellStory } from '../../test/fixtures/story.ts';
import { reportOf } from './report.ts';

const story = tellStory({
  chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1, from: 10, polls: 16 }],
  stop: { transition: 'hard-stop' },
});
const report = reportOf(story);

test('a report of a drill says that it was one, and proposes nothing for what was broken on purpose', () => {
  const { at } = story.view.stop ?? { at: 0 };
  const drill: DrillRun = {
    id: 'drill-1',
    by: 'kim',
    reason: 'monthly',
    breakage: { errorRate: 1, latencyMs: 0, percent: 4 },
    stage: '25%',
    touches: 1,
    within: 300,
    startedAt: at - 30_000,
    detectedAt: at,
    rolledBackAt: at,
    verifiedAt: at + 4_000,
    verifiedBy: 'metrics',
    endedAt: at + 4_000,
    passed: true,
    outcome: 'so',
  };
  const drilled = reportOf({ ...story, view: { ...story.view, drill } });
  const text = "; it is a drill: kim has broken the new path on purpose for 4 % of the canary's users";
  expect(drilled.summary).toContain(`${text}.`);
  expect(drilled.stop?.reason).toBe(`${report.stop?.reason}${text}`);
  expect([report.advice.length > 0, drilled.advice]).toEqual([true, []]);
  // One that was over before is nothing to the stop.
  const before = { ...drill, startedAt: at - 90_000, detectedAt: at - 60_000, endedAt: at - 50_000 };
  expect(reportOf({ ...story, view: { ...story.view, drill: before } }).stop).toEqual(report.stop);
});
