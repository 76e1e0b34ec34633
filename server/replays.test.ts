import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { carriedEvidence } from '../analysis/carried.ts';
import { compare } from '../analysis/comparison.ts';
import type { Evidence } from '../analysis/evidence.ts';
import { assess, openEvidence } from '../analysis/gate.ts';
import type { StoredPoll } from '../analysis/replay.ts';
import { Replay } from '../analysis/replay.ts';
import { latencyBuckets, poisson, randomOf } from '../analysis/traffic.fixture.ts';
import type { JournalEntry } from '../plans/journal.ts';
import type { Plan } from '../plans/plan.ts';
import type { CohortSample } from '../plans/sample.ts';
import type { PlanRevision, RolloutRow, VersionedSample } from '../store/store.ts';
import { storyPlan, tellStory } from '../test/fixtures/story.ts';
import type { Replayed } from './replayed.ts';
import { createReplays, type ReplayParts } from './replays.ts';

const told = tellStory({
  chapters: [
    { stage: '1%', polls: 12 },
    { stage: '25%', polls: 12, errors: 0.02 },
    { stage: '1%', polls: 6 },
  ],
});
const { plan } = told.replay;

function cohort(random: () => number, requests: number): CohortSample {
  return {
    requests,
    ratios: { errors: { events: poisson(random, requests * 0.01), total: requests } },
    histograms: { latency: latencyBuckets(random, { requests, mean: 0.2 }) },
  };
}

/** Polls of the time before, with halves. */
const history = Array.from({ length: 24 }, (_, i): StoredPoll => {
  const random = randomOf(70 + i);
  const t = (i - 24) * 15;
  const halves = [cohort(random, 60), cohort(random, 60)] as const;
  return {
    stage: 'history',
    t,
    assessment: null,
    sample: { stage: 'history', t, baseline: cohort(random, 120), halves },
  };
});
const recorded = [...history, ...told.polls];

/** A store that tells how often it was read, and what it kept of a rollout. */
function world(carried: Evidence | null = null) {
  let samples: VersionedSample[] = [];
  let version = 1;
  const revisions: PlanRevision[] = [];
  const journal: JournalEntry[] = told.journal.filter(({ transition }) => transition === 'started');
  const counts = { pages: 0, rows: 0 };
  const row = { id: told.view.id, plan, view: told.view, phase: told.view.phase } as RolloutRow;
  const rollouts: ReplayParts['rollouts'] = {
    journal: async () => [...journal],
    samplePage: async (_, { after, limit }) => {
      const page = samples.filter(({ t }) => after === null || t > after).slice(0, limit);
      counts.pages += 1;
      counts.rows += page.length;
      return structuredClone(page);
    },
    sampleMark: async (_, until) => {
      const found = samples.filter(({ t }) => t <= until);
      return { rows: found.length, versions: found.reduce((sum, one) => sum + one.version, 0) };
    },
    planRevisions: async () => structuredClone(revisions),
    carried: async () => carried,
  };
  return {
    rollouts,
    row,
    counts,
    journal,
    revisions,
    save(polls: readonly StoredPoll[]) {
      version += 1;
      const times = new Set(polls.map(({ t }) => t));
      const rows = polls.map((poll) => ({ ...poll, rolloutId: row.id, at: 0, version }));
      samples = [...samples.filter(({ t }) => !times.has(t)), ...rows].toSorted((a, b) => a.t - b.t);
    },
    prune(until: number) {
      samples = samples.filter(({ t }) => t > until);
    },
  };
}

type World = ReturnType<typeof world>;

/** All that people are told of it. */
function answer({ replay, origin, amendments }: Replayed) {
  return JSON.parse(
    JSON.stringify({
      origin,
      amendments,
      learnt: replay.learnt,
      gates: replay.visits.map((visit) => compare(visit)),
      evidence: replay.visits.map(({ evidence }) => evidence),
      windows: recorded.map(({ t }) => replay.visitAt(t)?.visit ?? null),
      clocks: [1, 5, 20].map((clock) => replay.windowAt('errors', clock)),
    }),
  );
}

const whole = ({ rollouts, row }: World) => createReplays({ rollouts }).of(row, answer);

/** What the replay itself has found against the canary at the end of a visit. */
const lnE = (of: World, visit: number) =>
  createReplays(of).of(of.row, ({ replay }) => {
    const found = replay.visits[visit];
    return found === undefined ? Number.NaN : assess(found.evidence, found.plan, found.context).lnE;
  });

function accepted(t: number): JournalEntry {
  return {
    ...told.journal[0],
    transition: 'accepted',
    evidence: { t },
    accepted: { errors: 0.05 },
  } as unknown as JournalEntry;
}

/** A drill of these times, in seconds since the rollout began. */
function drilled(from: number, to: number | null): JournalEntry {
  const start = told.journal.find(({ transition }) => transition === 'started')?.at ?? 0;
  const at = (t: number) => start + t * 1000;
  const drill = { id: 'drill', startedAt: at(from), endedAt: to === null ? null : at(to) };
  return { ...told.journal[0], transition: 'drill', drill } as unknown as JournalEntry;
}

/** The same with a canary that is far worse in its second chapter. */
const bad = tellStory({
  chapters: [
    { stage: '1%', polls: 12 },
    { stage: '25%', polls: 12, errors: 0.1 },
    { stage: '1%', polls: 6 },
  ],
});
/** What a rollout of the same build had left. */
const left = carriedEvidence(replayOf(bad.polls).visits.at(-1)?.evidence ?? openEvidence(plan), plan);

function replayOf(polls: readonly StoredPoll[]): Replay {
  const replay = new Replay(plan);
  for (const poll of polls) replay.add(poll);
  return replay;
}

function revised(after: number | null, of: Plan, revision: number): PlanRevision {
  return {
    rolloutId: told.view.id,
    revision,
    text: '',
    plan: of,
    by: 'kim',
    approvedBy: null,
    reason: null,
    at: 0,
    after,
  };
}

const tightened = storyPlan({
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp' }],
});

type Step =
  | { kind: 'polls'; count: number }
  | { kind: 'again'; back: number }
  | { kind: 'prune'; count: number }
  | { kind: 'accept'; back: number }
  | { kind: 'amend'; back: number }
  | { kind: 'drill'; back: number; polls: number | null };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('polls' as const), count: fc.integer({ min: 0, max: 9 }) }),
  },
  fc.record({ kind: fc.constant('again' as const), back: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('prune' as const), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant('accept' as const), back: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ kind: fc.constant('amend' as const), back: fc.integer({ min: 0, max: 4 }) }),
  fc.record({
    kind: fc.constant('drill' as const),
    back: fc.integer({ min: 0, max: 4 }),
    polls: fc.option(fc.integer({ min: 1, max: 6 })),
  }),
);

function take(of: World, step: Step, saved: number): number {
  const last = recorded[saved - 1]?.t ?? 0;
  switch (step.kind) {
    case 'polls':
      of.save(recorded.slice(saved, saved + step.count));
      return Math.min(recorded.length, saved + step.count);
    case 'again':
      of.save(
        recorded
          .slice(Math.max(0, saved - step.back), saved)
          .map((poll) => (poll.t < 0 ? poll : { ...poll, sample: null })),
      );
      return saved;
    case 'prune':
      of.prune(recorded[step.count]?.t ?? 0);
      return saved;
    case 'accept':
      of.journal.push(accepted(last - 15 * step.back));
      return saved;
    case 'amend':
      if (of.revisions.length === 0) of.revisions.push(revised(null, plan, 1));
      of.revisions.push(revised(Math.max(0, last) - 15 * step.back, tightened, of.revisions.length + 1));
      return saved;
    case 'drill': {
      const from = Math.max(0, last) - 15 * step.back;
      of.journal.push(drilled(from, step.polls === null ? null : from + 15 * step.polls));
      return saved;
    }
  }
}

describe('a replay that goes on', () => {
  test('tells at every length, whatever is added, read again, pruned or decided, what a whole one tells', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (steps, retried) => {
          const of = world(retried ? left : null);
          const replays = createReplays(of);
          let saved = 0;
          for (const step of steps) {
            saved = take(of, step, saved);
            expect(await replays.of(of.row, answer)).toEqual(await whole(of));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('of a retry goes on from what its build had left, and knows the times of its own polls alone', async () => {
    const of = world(left);
    of.save(recorded);
    const anew = world();
    anew.save(recorded);
    const clock = left.metrics['errors']?.process.clock ?? 0;
    expect(clock).toBe(30);
    const times = await createReplays(of).of(of.row, ({ replay }) =>
      [clock, clock + 1, clock + 3].map((poll) => replay.windowAt('errors', poll)),
    );
    expect(times).toEqual([null, 15, 45]);
    expect(await lnE(of, 0)).toBeGreaterThan(await lnE(anew, 0));
  });

  test('leaves out what a drill has broken, in its course and at its end', async () => {
    const of = world();
    of.save(bad.polls);
    const broken = world();
    broken.save(bad.polls);
    // The second chapter, in which the canary is bad, was a drill.
    broken.journal.push(drilled(12 * 15, 24 * 15));
    expect(await lnE(of, 2)).toBeGreaterThan(4);
    expect(await lnE(broken, 2)).toBeLessThan(1);
    const over = world();
    over.save(bad.polls.slice(0, 24));
    over.journal.push(drilled(12 * 15, null));
    const [standing, last] = await createReplays(over).of(over.row, ({ replay }) => [
      replay.standing,
      replay.visits.at(-1)?.evidence,
    ]);
    expect(standing?.t).toBe(12 * 15);
    expect(last?.t).toBe(24 * 15);
  });

  test('asks nothing more of a slice that was taken off the canary, until it is let in again', async () => {
    const slice = 'tier=enterprise';
    const covered = storyPlan({ coverage: [{ slice, minRequests: 10, then: 'exclude' }] });
    const story = tellStory({ plan: covered, chapters: [{ stage: '25%', polls: 36 }] });
    const start = story.journal.find(({ transition }) => transition === 'started')?.at ?? 0;
    const line = (t: number, transition: 'excluded' | 'included') =>
      ({ ...told.journal[0], transition, who: slice, at: start + t * 1000 }) as JournalEntry;
    const of = world();
    of.row = { ...of.row, plan: covered };
    // From the twelfth window on nobody asks for it.
    const polls = story.polls.map((poll, i): StoredPoll => {
      if (i < 12 || poll.sample === null || !('canary' in poll.sample)) return poll;
      const { slices: _slices, ...sample } = poll.sample;
      return { ...poll, sample };
    });
    const lacking = async (count: number) => {
      of.save(polls.slice(0, count));
      return createReplays(of).of(of.row, ({ replay }) => {
        const visit = replay.visits.at(-1);
        if (visit === undefined) throw new Error('nothing was seen');
        const { holding } = assess(visit.evidence, visit.plan, visit.context);
        return holding
          .flatMap((one) => (one.kind === 'data' ? one.rejections : []))
          .map((one) => ('metric' in one ? one.metric : one.kind));
      });
    };
    expect(await lacking(16)).toEqual([slice]);
    of.journal.push(line(12 * 15, 'excluded'));
    expect(await lacking(16)).toEqual([]);
    of.journal.push(line(20 * 15, 'included'));
    expect(await lacking(20)).toEqual([]);
    expect(await lacking(24)).toEqual([slice]);
    // Whom an amended plan names stays off; whom it does not know does too.
    of.journal.push(line(26 * 15, 'excluded'));
    of.revisions.push(revised(null, covered, 1), revised(28 * 15, covered, 2));
    expect(await lacking(30)).toEqual([]);
    of.journal.push(line(31 * 15, 'included'));
    of.revisions.push(revised(32 * 15, { ...covered, exclude: { segments: [slice] } }, 3));
    expect(await lacking(32)).toEqual([slice]);
    expect(await lacking(36)).toEqual([]);
  });

  test('reads and judges only what is new', async () => {
    const of = world();
    const replays = createReplays(of);
    of.save(recorded.slice(0, 44));
    const judged = vi.spyOn(Replay.prototype, 'add');
    await replays.of(of.row, answer);
    expect(judged).toHaveBeenCalledTimes(44);
    of.save(recorded.slice(44, 47));
    of.journal.push(accepted(recorded[43]?.t ?? 0));
    of.counts.rows = 0;
    judged.mockClear();
    await replays.of(of.row, answer);
    expect(of.counts.rows).toBe(3);
    expect(judged).toHaveBeenCalledTimes(3);
    judged.mockRestore();
  });

  test.each([
    ['a window was read again', (of: World) => of.save(recorded.slice(30, 31))],
    ['the store was pruned', (of: World) => of.prune(recorded[3]?.t ?? 0)],
    ['an acceptance came for windows that it knows', (of: World) => of.journal.push(accepted(15))],
  ])('begins anew where %s', async (_, change) => {
    const of = world();
    const replays = createReplays(of);
    of.save(recorded.slice(0, 44));
    const first = await replays.of(of.row, ({ replay }) => replay);
    change(of);
    expect(await replays.of(of.row, ({ replay }) => replay)).not.toBe(first);
    expect(await replays.of(of.row, answer)).toEqual(await whole(of));
  });

  test('is one for all who ask at the same time, and nobody moves it under another', async () => {
    const of = world();
    const replays = createReplays(of);
    of.save(recorded.slice(0, 44));
    const judged = vi.spyOn(Replay.prototype, 'add');
    let open = () => {};
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = replays.of(of.row, async ({ replay }) => {
      const before = replay.visits.at(-1);
      await held;
      return replay.visits.at(-1) === before;
    });
    const others = [1, 2, 3].map(() => replays.of(of.row, ({ replay }) => replay.visits.length));
    of.save(recorded.slice(44));
    open();
    expect(await slow).toBe(true);
    expect(await Promise.all(others)).toEqual([3, 3, 3]);
    expect(judged).toHaveBeenCalledTimes(recorded.length);
    judged.mockRestore();
  });

  test('that failed half-way is made anew', async () => {
    const of = world();
    let fails = false;
    const replays = createReplays({
      rollouts: {
        ...of.rollouts,
        samplePage: (id, page) =>
          fails ? Promise.reject(new Error('away')) : of.rollouts.samplePage(id, page),
      },
    });
    of.save(recorded.slice(0, 30));
    await replays.of(of.row, answer);
    fails = true;
    await expect(replays.of(of.row, answer)).rejects.toThrow('away');
    fails = false;
    of.save(recorded.slice(30));
    expect(await replays.of(of.row, answer)).toEqual(await whole(of));
  });
});
