import { type Decisions, Replay, type StoredPoll } from '../analysis/replay.ts';
import type { RolloutRow, RolloutStore, SampleMark } from '../store/store.ts';
import { type Recording, type Replayed, recordingOf, storedPoll } from './replayed.ts';
import { createPace, unhurried } from './unhurried.ts';

/** Replays that are kept: of the rollouts that were asked for last. One holds what its gates knew, and no sample. */
const KEPT = 32;
/** Samples that are read at once. */
const PAGE = 100;

/** What replays are made of. */
export interface ReplayParts {
  rollouts: Pick<RolloutStore, 'journal' | 'samplePage' | 'sampleMark' | 'planRevisions' | 'carried'>;
}

/** Recorded rollouts run through the gates' analysis, each as far as it was recorded. */
export interface Replays {
  /**
   * Brings the replay of a rollout up to date and gives it to `use`; nothing else moves it until that is done. Who asks at the same
   * time waits and finds it up to date.
   */
  of<T>(row: RolloutRow, use: (replayed: Replayed) => T | Promise<T>): Promise<T>;
  /** How many polls of a rollout are read by now; null: none are being read. */
  read(id: string): number | null;
  /** The polls of its stages, without what only the analysis looks at. */
  polls(id: string): Promise<StoredPoll[]>;
}

/** A replay, and what of the record it was made of. */
interface Kept {
  replay: Replay;
  decisions: Decisions;
  origin: number | null;
  /** The last sample, by its time. */
  last: number | null;
  mark: SampleMark;
}

/**
 * Goes on where the last answer ended: what was replayed is not replayed again, as long as the samples up to there are the very rows that
 * were read, and no decision was made since that is in force for them. Else it begins anew: a window was read again, the store was
 * pruned, an acceptance came late.
 */
export function createReplays({ rollouts }: ReplayParts): Replays {
  const kept = new Map<string, Kept>();
  const turns = new Map<string, Promise<unknown>>();
  const reading = new Map<string, Kept>();

  async function known(row: RolloutRow, recording: Recording): Promise<Kept> {
    const before = kept.get(row.id);
    if (before !== undefined && sameUntil(before, recording)) {
      const { last, mark } = before;
      const now = last === null ? mark : await rollouts.sampleMark(row.id, last);
      if (now.rows === mark.rows && now.versions === mark.versions) {
        before.decisions = goingOn(before, recording.decisions);
        before.replay.decide(before.decisions);
        return before;
      }
    }
    const { plan, decisions, carried, origin } = recording;
    const mark = { rows: 0, versions: 0 };
    return { replay: new Replay(plan, { ...decisions, carried }), decisions, origin, last: null, mark };
  }

  async function upToDate(row: RolloutRow): Promise<Replayed> {
    const recording = await recordingOf(rollouts, row);
    const found = await known(row, recording);
    // One that fails half-way has read what it does not know.
    kept.delete(row.id);
    reading.set(row.id, found);
    try {
      await readOn(row, found);
    } finally {
      reading.delete(row.id);
    }
    kept.set(row.id, found);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    const { plan, journal, origin, amendments } = recording;
    return { plan, journal, origin, amendments, replay: found.replay };
  }

  async function readOn(row: RolloutRow, found: Kept): Promise<void> {
    const pace = createPace();
    for (;;) {
      const page = await rollouts.samplePage(row.id, { after: found.last, limit: PAGE });
      for (const sample of page) {
        const poll = storedPoll(sample);
        if (poll.t >= 0) await unhurried(found.replay.learning(poll.t));
        found.replay.add(poll);
        found.last = poll.t;
        found.mark = {
          rows: found.mark.rows + 1,
          versions: found.mark.versions + sample.version,
        };
        await pace.breathe();
      }
      if (page.length < PAGE) return;
    }
  }

  return {
    of(row, use) {
      const before = turns.get(row.id) ?? Promise.resolve();
      const mine = before.then(async () => use(await upToDate(row)));
      const over = mine
        .catch(() => undefined)
        .then(() => {
          if (turns.get(row.id) === over) turns.delete(row.id);
        });
      turns.set(row.id, over);
      return mine;
    },
    read: (id) => reading.get(id)?.mark.rows ?? null,
    async polls(id) {
      const polls: StoredPoll[] = [];
      const pace = createPace();
      for (;;) {
        const after = polls.at(-1)?.t ?? 0;
        const page = await rollouts.samplePage(id, { after, limit: PAGE });
        polls.push(...page.map(storedPoll).map(slim));
        await pace.breathe();
        if (page.length < PAGE) return polls;
      }
    },
  };
}

/** Halves and slices are most of a sample, and no chart shows them. */
function slim(poll: StoredPoll): StoredPoll {
  const { sample } = poll;
  if (sample === null || !('canary' in sample)) return poll;
  const { stage, t, baseline, canary } = sample;
  return { ...poll, sample: { stage, t, baseline, canary } };
}

/** True where what is in force for the samples that were replayed is still the same. */
function sameUntil({ decisions, origin, last }: Kept, now: Recording): boolean {
  if (origin !== now.origin) return false;
  if (last === null) return JSON.stringify(decisions) === JSON.stringify(now.decisions);
  const [before, after] = [decisions, now.decisions].map((of) => JSON.stringify(inForce(of, last)));
  return before === after;
}

function inForce({ accepted, amended, begun, drills }: Decisions, until: number): Decisions {
  return {
    accepted: accepted.filter(({ t }) => t < until),
    amended: amended.filter(({ t }) => t < until),
    begun: begun.filter((t) => t < until),
    drills: drills
      .filter(({ from }) => from < until)
      .map(({ from, to }) => ({ from, to: to !== null && to < until ? to : null })),
  };
}

/** What is new, behind the very plans that the replay knows: much is worked out once for each of them. */
function goingOn({ decisions, last }: Kept, now: Decisions): Decisions {
  if (last === null) return now;
  const old = decisions.amended.filter(({ t }) => t < last);
  return { ...now, amended: [...old, ...now.amended.filter(({ t }) => t >= last)] };
}
