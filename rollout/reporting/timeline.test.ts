import { expect, test } from 'vitest';
import type { JournalEntry, Transition } from '../../plans/journal.ts';
import { KIM, tellStory } from '../../test/fixtures/story.ts';
import { decisionsOf } from './timeline.ts';

const GATE: JournalEntry['cause'] = { kind: 'gate', verdict: 'soft', reason: 'errors' };

function decided(...lines: [Transition, JournalEntry['cause']][]): string[] {
  const { journal } = tellStory({ chapters: [{ stage: '1%' }] });
  const like = journal[0] as JournalEntry;
  const entries = lines.map(([transition, cause], i) => ({ ...like, seq: i + 1, transition, cause }));
  return decisionsOf(entries).map(({ transition }) => transition);
}

test('who decided is also who went back, who rehearsed, who left it, and who confirmed that nothing goes back', () => {
  expect(
    decided(
      ['approved', KIM],
      ['stepped-back', GATE],
      ['stepped-back', KIM],
      ['drill', KIM],
      ['incident-closed', { kind: 'policy', reason: 'over' }],
      ['point-of-no-return', KIM],
      ['abandoned', KIM],
    ),
  ).toEqual(['approved', 'stepped-back', 'drill', 'point-of-no-return', 'abandoned']);
});

test('a way back in steps was decided once', () => {
  expect(
    decided(['stepped-back', KIM], ['rollback-requested', KIM], ['stepped-back', KIM], ['stepped-back', KIM]),
  ).toEqual(['stepped-back', 'rollback-requested']);
});
