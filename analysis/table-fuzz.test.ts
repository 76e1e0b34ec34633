import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Comparison } from '../plans/comparison.ts';
import { comparisonMarkdown, notesOf } from '../plans/comparison-cells.ts';
import { numbersOf, plan, polls } from './any-sample.fixture.ts';
import { compare } from './comparison.ts';
import { Replay, type StoredPoll } from './replay.ts';
import { seriesOf } from './series.ts';
import { finished } from './unhurried.ts';

test('whatever was stored, its table and its charts are made, of numbers and of words', () => {
  fc.assert(
    fc.property(polls, (readings) => {
      const stored = readings.map((one): StoredPoll => {
        const sample = one.kind === 'sample' ? one.sample : null;
        const t = one.kind === 'sample' ? one.sample.t : one.t;
        return { stage: sample?.stage ?? '5%', t, sample, assessment: null };
      });
      const replay = new Replay(plan);
      for (const poll of stored) replay.add(poll);
      for (const visit of replay.visits) {
        const table = compare(visit);
        expect(Comparison.parse(JSON.parse(JSON.stringify(table)))).toEqual(table);
        expect(numbersOf(table).every(Number.isFinite)).toBe(true);
        expect([...comparisonMarkdown(table), ...notesOf(table)].join('\n')).not.toMatch(
          /NaN|Infinity|undefined|null/,
        );
      }
      expect(numbersOf(finished(seriesOf(replay, stored))).every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
