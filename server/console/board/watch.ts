import type { BoardStore } from '../../../store/console-board.ts';
import type { Notices } from '../../../store/notices.ts';
import { boardRow, byUrgency, type SharedRow } from '../../api/board-row.ts';
import { viewOf } from '../../live.ts';
import { withGate } from './row.ts';

/** Rollouts that a board shows at most: all that run, and the newest of the others. */
const MOST = 1000;
/** Between two looks, however much is told. */
const LEAST_MS = 200;
/** Without a notice: one may have been lost. */
const POLL_MS = 5000;
/** While the store does not answer. */
const AWAY_MS = 500;
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

/** One look at the store, at each notice, serves every open board; without one nobody looks. */
export function createBoardWatch({
  store,
  notices,
  now,
}: {
  store: BoardStore;
  notices: Pick<Notices, 'on'>;
  now: () => number;
}): BoardWatch {
  const watchers = new Set<Watcher>();
  let known = new Map<string, { version: string; row: SharedRow }>();
  let gatesAt = Number.NEGATIVE_INFINITY;
  let gates = new Map<string, Awaited<ReturnType<BoardStore['gates']>>[number]>();
  let looking: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let dueAt = Number.POSITIVE_INFINITY;
  let lookedAt = Number.NEGATIVE_INFINITY;
  /** Notices so far, and how many there were as the latest look began. */
  let heard = 0;
  let seen = 0;
  let away = false;
  notices.on((notice) => {
    heard += 1;
    // What a gate saw is read only now and then: no look before that would find it.
    const soon = notice.kind === 'sample' ? gatesAt + GATES_EVERY_MS : 0;
    lookBy(Math.max(now(), lookedAt + LEAST_MS, soon));
  });

  async function look(): Promise<void> {
    seen = heard;
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

  function lookBy(at: number): void {
    if (watchers.size === 0 || at >= dueAt) return;
    dueAt = at;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => void lookAgain(), Math.max(0, at - now()));
  }

  async function lookAgain(): Promise<void> {
    timer = null;
    dueAt = Number.POSITIVE_INFINITY;
    // A look that is under way may have begun before what is to be seen.
    await looking?.catch(() => undefined);
    try {
      await lookOnce();
    } catch (error) {
      if (!away) for (const each of watchers) each.failed(error);
      away = true;
    }
    lookedAt = now();
    lookBy(lookedAt + (away ? AWAY_MS : POLL_MS));
  }

  return {
    async watch(watcher) {
      await lookOnce();
      const rows = [...known.values()].map(({ row }) => row).sort(byUrgency);
      watchers.add(watcher);
      // What was told during the look, while nobody may have watched.
      lookBy(now() + (heard === seen ? POLL_MS : 0));
      return {
        rows,
        stop() {
          watchers.delete(watcher);
          if (watchers.size > 0 || timer === null) return;
          clearTimeout(timer);
          timer = null;
          dueAt = Number.POSITIVE_INFINITY;
        },
      };
    },
  };
}
