import { describe, expect, test } from 'vitest';
import type { Comparison } from '../plans/comparison.ts';
import { cellsOf, comparisonMarkdown, groupsOf, notesOf } from '../plans/comparison-cells.ts';
import { storyPlan, tellStory } from '../test/fixtures/story.ts';
import { compare, compareAhead } from './comparison.ts';

const SLICE = 'tier=enterprise';
const plan = storyPlan({ coverage: [{ slice: SLICE, minUsers: 5, minRequests: 50_000 }] });

function comparisonOf(stage: string, sliceErrors: number): Comparison {
  const { replay } = tellStory({ plan, chapters: [{ stage, sliceErrors, polls: 40 }] });
  const visit = replay.visits.at(-1);
  if (visit === undefined) throw new Error('no visit');
  return compare(visit);
}

const cells = (of: Comparison, slice: string | null) =>
  of.rows.filter((row) => row.slice === slice).map((row) => cellsOf(row, of));

describe('a comparison of a plan with slices', () => {
  const found = comparisonOf('25%', 0.4);

  test('has the rows of each slice that decides after those of the whole', () => {
    expect(groupsOf(found).map(({ slice }) => slice)).toEqual([null, SLICE]);
    expect(cells(found, SLICE).map(({ metric }) => metric)).toEqual([
      'requests',
      'users',
      'errors',
      'orders',
      'latency p90',
      expect.stringMatching(/^latency > /),
    ]);
  });

  test('shows what the slice has seen, and the verdict of the slice beside that of the whole', () => {
    const [requests, users, errors] = cells(found, SLICE);
    expect(requests).toMatchObject({
      baseline: '6,000',
      canary: '2,000',
      acceptable: '25 % planned, at least 50,000',
      verdict: 'hold',
    });
    expect(users).toMatchObject({ baseline: 'no data', canary: '75', verdict: 'pass' });
    expect(errors).toMatchObject({ verdict: 'hard', acceptable: '≤ +0.5 pp, hard +2 pp' });
    expect(errors?.interval).toMatch(/^\+\d.* pp$/);
    const whole = cells(found, null).find(({ metric }) => metric === 'errors');
    expect(whole?.verdict).not.toBe('hard');
    const healthy = cells(comparisonOf('25%', 0.01), SLICE)[2];
    expect(healthy?.verdict).not.toBe('hard');
  });

  test('has an interval for its quantile, which is wider than that of the whole, and names the slice as a heading in Markdown', () => {
    const [own, whole] = [SLICE, null].map(
      (slice) =>
        found.rows.find((row) => row.slice === slice && row.kind === 'quantile' && row.acceptable !== null)
          ?.interval ?? null,
    );
    expect(own).not.toBeNull();
    expect((own?.[1] ?? 0) - (own?.[0] ?? 0)).toBeGreaterThanOrEqual((whole?.[1] ?? 9) - (whole?.[0] ?? 0));
    expect(notesOf(found)).toContain(
      'intervals of quantiles end at bucket edges: what lies between two of them is not known',
    );
    const lines = comparisonMarkdown(found);
    const at = lines.findIndex((line) => line.startsWith('| **tier=enterprise** |'));
    expect(lines[at + 3]).toMatch(/^\| errors \|/);
    expect(new Set(lines.map((line) => line.replaceAll('\\|', '').split('|').length)).size).toBe(1);
  });

  test('says of a stage that is not compared, and of one ahead, what is not known', () => {
    const rows = cells(comparisonOf('100%', 0.4), SLICE);
    expect(rows.find(({ metric }) => metric === 'errors')).toMatchObject({ difference: 'not compared' });
    const ahead = compareAhead(plan, { stageIndex: 1 });
    expect(cells(ahead, SLICE)[0]).toMatchObject({ canary: 'no data', verdict: '–' });
    expect(cells(ahead, SLICE).find(({ metric }) => metric === 'errors')).toMatchObject({
      canary: 'no data',
    });
  });
});
