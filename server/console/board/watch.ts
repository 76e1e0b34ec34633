import type { BoardStore } from '../../../store/console-board.ts';
import { viewOf } from '../../live.ts';
import { boardRow, byUrgency, type SharedRow, withGate } from './row.ts';

/** Rollouts that a board shows at most: all that run, and the newest of the others. */
const MOST = 1000;
const POLL_MS = 500;
/** The look of every running gate costs more than the marks of all rows. */
const GATES_EVERY_MS = 2000;

export interface BoardChange {
  rows: readonly SharedRow[];
  gone: readonly string[];
}

export interface Watcher {
  changed(change: BoardChange): void;
  /** The store does not answer; said once until it does again. */
  failed(error: unknown): void;
}

export interface BoardWatch {
  /** Everything as it is now, the most urgent first, and then each change until the returned function is called. */
  watch(watcher: Watcher): Promise<{ rows: readonly SharedRow[]; stop(): void }>;
}

/** One look at the store serves every open board; without one nobody looks. */
export function createBoardWatch({ store, now }: { store: BoardStore; now: () => number }): BoardWatch {
  const watchers = new Set<Watcher>();
  let known = new Map<string, { version: string; row: SharedRow }>();
  let gatesAt = Number.NEGATIVE_INFINITY;
  let gates = new Map<string, Awaited<ReturnType<BoardStore['gates']>>[number]>();
  let looking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let away = false;

  async function look(): Promise<void> {
    const marks = await store.marks(MOST);
    if (now() - gatesAt >= GATES_EVERY_MS) {
      gates = new Map((await store.gates()).map((gate) => [gate.id, gate]));
      gatesAt = now();
    }
    const stale = marks.filter(({ id, version }) => known.get(id)?.version !== version).map(({ id }) => id);
    const read = new Map((await store.rows(stale)).map((row) => [row.id, boardRow(viewOf(row))]));
    const next = new Map<string, { version: string; row: SharedRow }>();
    const rows: SharedRow[] = [];
    for (const { id, version } of marks) {
      const before = known.get(id);
      const base = read.get(id) ?? before?.row;
      // Deleted between the two looks.
      if (base === undefined) continue;
      const row = withGate(base, gates.get(id));
      if (before === undefined || read.has(id) || row.gate?.at !== before.row.gate?.at) rows.push(row);
      next.set(id, { version, row });
    }
    const gone = [...known.keys()].filter((id) => !next.has(id));
    known = next;
    if (rows.length > 0 || gone.length > 0) for (const each of watchers) each.changed({ rows, gone });
    away = false;
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  function plan(): void {
    if (timer !== null || watchers.size === 0) return;
    timer = setTimeout(() => {
      void lookOnce()
        .catch((error: unknown) => {
          if (!away) for (const each of watchers) each.failed(error);
          away = true;
        })
        .finally(() => {
          timer = null;
          plan();
        });
    }, POLL_MS);
  }

  return {
    async watch(watcher) {
      await lookOnce();
      const rows = [...known.values()].map(({ row }) => row).sort(byUrgency);
      watchers.add(watcher);
      plan();
      return {
        rows,
        stop() {
          watchers.delete(watcher);
          if (watchers.size > 0 || timer === null) return;
          clearTimeout(timer);
          timer = null;
        },
      };
    },
  };
}
