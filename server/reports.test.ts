import { describe, expect, test } from 'vitest';
import type { RolloutRow } from '../store/store.ts';
import { tellStory } from '../test/fixtures/story.ts';
import { createReports, type ReportParts } from './reports.ts';

function world(of: Parameters<typeof tellStory>[0]) {
  const { view, journal, polls, replay } = tellStory(of);
  const reads = { journal: 0 };
  let now = 1;
  let fails = false;
  const stored = polls.map((poll) => ({ ...poll, rolloutId: view.id, at: 0, version: 1 }));
  const rollouts: ReportParts['rollouts'] = {
    journal: async () => {
      reads.journal += 1;
      if (fails) throw new Error('away');
      return [...journal];
    },
    samplePage: async (_, { after, limit }) => {
      return stored.filter(({ t }) => after === null || t > after).slice(0, limit);
    },
    sampleMark: async (_, until) => {
      const rows = stored.filter(({ t }) => t <= until).length;
      return { rows, versions: rows };
    },
    latestSample: async () => stored.at(-1) ?? null,
    planRevisions: async () => [],
    carried: async () => null,
  };
  const row = {
    id: view.id,
    plan: replay.plan,
    view,
    phase: view.phase,
    submittedBy: view.submittedBy,
    submittedAt: view.submittedAt,
    endedAt: view.endedAt,
  } as RolloutRow;
  return {
    reports: createReports({ rollouts, now: () => now }),
    row,
    reads,
    stored,
    at: (time: number) => {
      now = time;
    },
    fail: (how: boolean) => {
      fails = how;
    },
  };
}

const ENDING = { chapters: [{ stage: '1%' }], completed: true };

describe('the report of a rollout', () => {
  test('that has ended is made once, also for those who ask at the same time, and says when it was asked for', async () => {
    const { reports, row, reads, at } = world(ENDING);
    const [first, second] = await Promise.all([reports.of(row), reports.of(row)]);
    expect(second).toEqual(first);
    at(99);
    const later = await reports.of(row);
    expect(reads.journal).toBe(1);
    expect(later).toEqual({ ...first, madeAt: 99 });
  });

  test('that has ended is made again when a line or a sample came after the end', async () => {
    const { reports, row, reads, stored } = world(ENDING);
    await reports.of(row);
    await reports.of({ ...row, view: row.view === null ? null : { ...row.view, seq: row.view.seq + 1 } });
    expect(reads.journal).toBe(2);
    const [last] = stored.slice(-1);
    if (last !== undefined) stored.push({ ...last, t: last.t + 15 });
    await reports.of(row);
    expect(reads.journal).toBe(3);
  });

  test('that runs is made anew each time', async () => {
    const { reports, row, reads } = world({ chapters: [{ stage: '1%' }] });
    await reports.of(row);
    await reports.of(row);
    expect(reads.journal).toBe(2);
  });

  test('that could not be made is tried again', async () => {
    const { reports, row, fail } = world(ENDING);
    fail(true);
    await expect(reports.of(row)).rejects.toThrow('away');
    fail(false);
    expect((await reports.of(row)).gates).toHaveLength(1);
  });
});
