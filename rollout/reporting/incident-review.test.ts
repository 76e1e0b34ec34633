import { expect, it } from 'vitest';
import type { JournalEntry } from '../../plans/journal.ts';
import { KIM, tellStory } from '../../test/fixtures/story.ts';
import { incidentReview, incidentSummary, type ToldMessage } from './incident-review.ts';
import { reportOf } from './report.ts';

const story = tellStory({
  chapters: [{ stage: '1%' }, { stage: '25%', errors: 0.1, from: 10 }],
  stop: { transition: 'hard-stop' },
});
const stop = story.journal.find(({ transition }) => transition === 'hard-stop') as JournalEntry;
const later = (seconds: number, over: Partial<JournalEntry>): JournalEntry => ({
  ...stop,
  seq: stop.seq + 1 + seconds,
  at: stop.at + seconds * 1000,
  evidence: null,
  ...over,
});
const message = (event: string, wait: number | null): ToldMessage => ({
  event,
  channel: 'chat',
  at: stop.at,
  sentAt: wait === null ? null : stop.at + wait,
});

function review(more: JournalEntry[] = [], messages: ToldMessage[] = []): string {
  const journal = [...story.journal, ...more];
  const report = reportOf({ ...story, journal });
  const now = stop.at + 600_000;
  return (incidentReview({ report, view: story.view, journal, messages, now }) ?? []).join('\n');
}

it('has timeline, impact, evidence, times, what worked, and questions without owner and day', () => {
  const text = review(
    [
      later(60, { transition: 'rollback-verified', summary: 'Traffic is back.' }),
      later(240, {
        transition: 'incident-closed',
        cause: KIM,
        summary: 'kim closes the incident: <all> *well*.',
      }),
    ],
    [message('incident', 400), message('incident-update', 90_000)],
  );
  const titles = [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    'What happened',
    'Timeline',
    'Impact',
    'Evidence',
    'Detection and response',
    'What worked',
    'Open questions',
    'Proposed changes of the plan',
    'Who was told',
  ]);
  expect(text).toContain('- state: closed 2026-03-02 12:14:00 UTC after 4 min');
  expect(text).toMatch(/\| 2026-03-02 12:10:00 \| hard-stop \| Stop\. \|/);
  expect(text).toContain('kim closes the incident: \\<all\\> \\*well\\*.');
  expect(text).toMatch(/errors: about [\d,]+ more bad events/);
  expect(text).toContain('The first message reached a channel 400 ms after the stop.');
  expect(text).toContain('That the traffic is back was seen 1 min after the stop.');
  expect(text).toContain('A person acted 4 min after the stop');
  expect(text).toContain('- It was stopped by itself: nobody had to be there.');
  expect(text).toContain('| What in the change has caused it? |  |  |  |');
  expect(text).not.toContain('Where was the traffic after the rollback?');
  expect(text).toMatch(/retry pricing-v2-1 --propose|give the stages|margin/);
  expect(text).toContain('| incident-update | chat | 1 min 30 s later |');
});

it('asks for what is not known while it is open', () => {
  const text = review(
    [later(5, { transition: 'write-failed', summary: 'again' })],
    [message('incident', null)],
  );
  expect(text).toContain('- state: open as of 2026-03-02 12:20:00 UTC, for 10 min');
  expect(text).toContain('| Where was the traffic after the rollback? |  |  |  |');
  expect(text).toContain('| Why could the flag not be written at once? |  |  |  |');
  expect(text).toContain('| Why do messages to chat not get through? |  |  |  |');
  expect(text).toContain('Nobody was told by a channel.');
  expect(text).not.toContain('The flag went back at the first try.');
});

it('is none of a rollout that was not stopped; a summary has the times and the users of one that was', () => {
  const fine = tellStory({ chapters: [{ stage: '1%' }] });
  const report = reportOf(fine);
  const { view, journal } = fine;
  expect(incidentReview({ report, view, journal, messages: [], now: fine.now })).toBeNull();
  const lines = incidentSummary({ report: reportOf(story) }).join('\n');
  expect(lines).toContain('Times: The first bad window began');
  expect(lines).toContain('Users: The canary served');
});
