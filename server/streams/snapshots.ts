import type { JournalEntry } from '../../plans/journal.ts';
import type { LiveEvent } from '../api.ts';
import type { ServerDeps } from '../deps.ts';
import { liveEvent } from '../live.ts';

/** A rollout as it is, with the end of its journal. */
export interface Snapshot {
  event: Pick<LiveEvent, 'view' | 'live' | 'forecast'>;
  recent: JournalEntry[];
}

export interface Snapshots {
  of(id: string): Promise<Snapshot>;
}

const RECENT = 50;
/** A notice that was lost is made good after this long. */
const FRESH_MS = 1_000;
const MOST = 2_000;

/** However many look at a rollout, it is read once for each of its changes. */
export function createSnapshots(deps: ServerDeps): Snapshots {
  const changed = new Map<string, number>();
  const kept = new Map<string, { generation: number; at: number; snapshot: Promise<Snapshot> }>();
  let all = 0;
  deps.notices.on((notice) => {
    if (notice.kind === 'all') all += 1;
    else if (kept.has(notice.rolloutId))
      changed.set(notice.rolloutId, (changed.get(notice.rolloutId) ?? 0) + 1);
  });

  async function read(id: string): Promise<Snapshot> {
    const event = await liveEvent(deps, id);
    // The view first: every line that it is as of is then there.
    const lines = await deps.changes.lastOf(id, RECENT);
    return { event, recent: lines.filter(({ seq }) => seq <= event.view.seq) };
  }

  return {
    of(id) {
      const generation = all + (changed.get(id) ?? 0);
      const known = kept.get(id);
      if (known?.generation === generation && deps.now() - known.at < FRESH_MS) return known.snapshot;
      if (kept.size >= MOST) {
        kept.clear();
        changed.clear();
        all += 1;
      }
      const snapshot = read(id);
      const entry = { generation: all + (changed.get(id) ?? 0), at: deps.now(), snapshot };
      kept.set(id, entry);
      snapshot.catch(() => {
        if (kept.get(id) === entry) kept.delete(id);
      });
      return snapshot;
    },
  };
}
