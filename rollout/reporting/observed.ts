import { usersHit } from '../../analysis/excess.ts';
import { type StoredPoll, soundSample } from '../../analysis/replay.ts';
import { type Exposure, sameExposure, withinExposure } from '../../plans/exposure.ts';
import type { JournalEntry, Transition } from '../../plans/journal.ts';
import type { Plan } from '../../plans/plan.ts';
import type { Meanwhile, Observed } from '../../plans/report.ts';

const MOVES: readonly Transition[] = ['started', 'advanced', 'stepped-back', 'completed'];
const WOULD: readonly Transition[] = ['would-advance', 'would-pause', 'would-exclude', 'would-stop'];

interface Told {
  plan: Plan;
  journal: readonly JournalEntry[];
  polls: readonly StoredPoll[];
  /** Milliseconds since 1970: the zero of the polls, and now. */
  origin: number;
  now: number;
}

/** What a plan that only watches would have done, beside what others did then. Null: the plan acts. */
export function observedOf({ plan, journal, polls, origin, now }: Told): Observed[] | null {
  if (plan.mode === 'act') return null;
  return journal.flatMap((entry, index): Observed[] => {
    const { at, transition, stage, summary, exposure, evidence } = entry;
    if (!WOULD.includes(transition)) return [];
    const later = journal.slice(index + 1).filter((one) => MOVES.includes(one.transition));
    const stays = transition === 'would-advance';
    // Whoever would have been stopped has the canary until others take it away, whatever they do before.
    const followed = stays
      ? later.find((one) => isMove(one, exposure))
      : later.find((one) => isEnd(one, exposure));
    const until = followed?.at ?? now;
    const window = { from: (at - origin) / 1000, to: (until - origin) / 1000 };
    return [
      {
        at,
        transition,
        stage,
        summary,
        exposure,
        followed:
          followed === undefined
            ? null
            : { at: followed.at, summary: followed.summary, exposure: followed.exposure },
        // Of whoever would have been off nothing more is read.
        meanwhile:
          stays || transition === 'would-exclude'
            ? null
            : meanwhileOf(polls, window, evidence?.metric ?? null),
      },
    ];
  });
}

function isMove(entry: JournalEntry, exposure: Exposure): boolean {
  return entry.transition === 'completed' || !sameExposure(entry.exposure, exposure);
}

/** Somebody has the canary no longer, or the observation is over. */
function isEnd(entry: JournalEntry, exposure: Exposure): boolean {
  return entry.transition === 'completed' || !withinExposure(exposure, entry.exposure);
}

/** What the canary did in the windows that end in the time between. */
function meanwhileOf(
  polls: readonly StoredPoll[],
  { from, to }: { from: number; to: number },
  metric: string | null,
): Meanwhile {
  let requests = 0;
  let users: number | null = null;
  const sums = { baseline: { events: 0, total: 0 }, canary: { events: 0, total: 0 } };
  for (const poll of polls) {
    const sample = poll.t > from && poll.t <= to ? soundSample(poll) : null;
    if (sample === null) continue;
    requests += sample.canary.requests;
    if (sample.canary.users !== undefined) users = Math.max(users ?? 0, sample.canary.users);
    for (const cohort of ['baseline', 'canary'] as const) {
      const count = metric === null ? undefined : sample[cohort].ratios[metric];
      sums[cohort].events += count?.events ?? 0;
      sums[cohort].total += count?.total ?? 0;
    }
  }
  const { baseline, canary } = sums;
  if (metric === null || baseline.total === 0 || canary.total === 0)
    return { requests, users, metric: null, excess: null, hit: null };
  const excess = canary.events - (baseline.events / baseline.total) * canary.total;
  // Of good events those that are missing count.
  return { requests, users, metric, excess, hit: users === null ? null : usersHit(Math.abs(excess), users) };
}
