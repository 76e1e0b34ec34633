import { expect, it } from 'vitest';
import type { Exclusion } from '../../plans/exclusion.ts';
import type { Cause } from '../../plans/journal.ts';
import { Report } from '../../plans/report.ts';
import { NOON } from '../../test/fixtures/rollout-view.ts';
import { storyPlan, tellStory } from '../../test/fixtures/story.ts';
import { reportMarkdown } from './markdown.ts';
import { type Recorded, reportOf } from './report.ts';

const GATE: Cause = { kind: 'gate', verdict: 'hard', reason: 'errors' };

/** Stage 25% goes bad with its tenth poll; others take the flag back to 1 % ten polls after the would-be stop. */
function watched(): Recorded {
  const story = tellStory({
    plan: storyPlan({ mode: 'observe' }),
    chapters: [
      { stage: '1%' },
      { stage: '25%', errors: 0.1, from: 10, polls: 24 },
      { stage: '1%', polls: 4 },
    ],
    more: [
      { t: 290, transition: 'would-advance', cause: GATE, summary: 'Would have gone on.' },
      { t: 510, transition: 'would-stop', cause: GATE, summary: 'Would have been rolled back.' },
    ],
  });
  const journal = story.journal.map((entry) =>
    entry.transition === 'would-stop' && entry.evidence !== null
      ? {
          ...entry,
          stage: '25%',
          exposure: { ...entry.exposure, percent: 25 },
          evidence: { ...entry.evidence, metric: 'errors' },
        }
      : entry,
  );
  return { ...story, journal, view: { ...story.view, watching: { would: null } } };
}

it('stands beside what was done, with what the canary served until others took it back', () => {
  const report = reportOf(watched());
  expect(Report.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  const [advance, stop] = report.observed ?? [];
  expect(advance).toMatchObject({
    transition: 'would-advance',
    followed: { at: NOON + 300_000, exposure: { percent: 25 } },
    meanwhile: null,
  });
  // From 510 s to 660 s: ten windows of 500 requests, with 10 % of errors in the place of 1 %.
  expect(stop).toMatchObject({
    transition: 'would-stop',
    followed: { at: NOON + 660_000, exposure: { percent: 1 } },
    meanwhile: { requests: 5_000, users: 750, metric: 'errors' },
  });
  expect(stop?.meanwhile?.excess).toBeGreaterThan(380);
  expect(stop?.meanwhile?.excess).toBeLessThan(520);
  expect(stop?.meanwhile?.hit).toBeLessThan(stop?.meanwhile?.excess ?? 0);
  const text = reportMarkdown(report);
  expect(text).toContain('## What it would have done');
  expect(text).toMatch(
    /rolled back\\?\. 2 min 30 s later: Stage 1%\\?\. Meanwhile the canary served 5,000 requests of 750 users/,
  );
  expect(report.summary).toContain(
    'the plan would first have stopped it in stage 25% 8 min 30 s after it began',
  );
});

it('counts no window that a gate would have refused', () => {
  const story = watched();
  const polls = story.polls.map((poll) =>
    poll.t === 600 && poll.sample !== null && 'canary' in poll.sample
      ? { ...poll, sample: { ...poll.sample, canary: { ...poll.sample.canary, users: Number.NaN } } }
      : poll,
  );
  expect(reportOf({ ...story, polls }).observed?.[1]?.meanwhile).toMatchObject({
    requests: 4_500,
    users: 750,
  });
});

it('is counted until now while nobody has done anything', () => {
  const story = watched();
  const journal = story.journal.filter(({ at }) => at < NOON + 600_000);
  const { observed } = reportOf({ ...story, journal, now: NOON + 585_000 });
  expect(observed?.[1]).toMatchObject({ followed: null, meanwhile: { requests: 2_500 } });
});

it('says of a slice that would have been excluded when others took the canary from somebody, and counts nothing of it', () => {
  const story = watched();
  const off: Exclusion = {
    name: 'tenant=acme',
    by: 'the gate',
    reason: 'worse',
    at: NOON + 400_000,
    revision: null,
  };
  const journal = story.journal.map((entry) =>
    entry.transition === 'would-stop'
      ? { ...entry, transition: 'would-exclude' as const, summary: 'Would have excluded tenant=acme.' }
      : entry,
  );
  const view = { ...story.view, watching: { would: null, excluded: [off] } };
  const report = reportOf({ ...story, journal, view });
  expect(report.observed?.[1]).toMatchObject({
    transition: 'would-exclude',
    followed: { at: NOON + 660_000, exposure: { percent: 1 } },
    meanwhile: null,
  });
  expect(reportMarkdown(report)).toMatch(
    /Would have excluded tenant=acme\\?\. 2 min 30 s later: Stage 1%\\?\.\n/,
  );
  expect(report.summary).toContain('the plan would not have stopped it; it would have excluded tenant=acme.');
});

it('is not there where the plan acts', () => {
  const report = reportOf(tellStory({ chapters: [{ stage: '1%' }] }));
  expect(report.observed).toBeNull();
  expect(reportMarkdown(report)).not.toContain('What it would have done');
});
