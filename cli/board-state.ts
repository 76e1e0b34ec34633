import type { JournalEntry } from '../plans/journal.ts';
import { boardRow, byUrgency, type SharedRow } from '../server/api/board-row.ts';
import type { BoardEvent as BoardRows } from '../server/api/console-board.ts';
import type { BoardEvent as BoardChange } from '../server/api.ts';

/** What is over stays in sight for so long. */
const SEEN_MS = 300_000;
const KEPT_ENTRIES = 20;

/** Something to be told: a journal line, or that the gate sees it otherwise. */
export interface Told {
  row: SharedRow;
  entry: JournalEntry | null;
}

/**
 * All rollouts as two streams of the server tell of them: `rows` are how they are, with what gates see; `change` is each journal
 * line, once, also of the time in which the server was away.
 */
export class BoardState {
  readonly #rows = new Map<string, SharedRow>();
  readonly #verdicts = new Map<string, string>();
  #known = false;
  readonly latest: JournalEntry[] = [];

  /** Gives what is news: at first each active rollout, then what a gate sees otherwise. */
  rows({ rows, gone }: BoardRows): Told[] {
    const told: Told[] = [];
    for (const { powers: _powers, ...row } of rows) {
      const before = this.#rows.get(row.id);
      // What was over before anybody looked is no news, and never shown.
      if (before === undefined && row.endedAt !== null) continue;
      this.#rows.set(row.id, row);
      const verdict = row.gate?.verdict;
      const heard = verdict !== undefined && this.#verdicts.get(row.id) !== verdict;
      if (verdict !== undefined) this.#verdicts.set(row.id, verdict);
      const first = before === undefined && !this.#known;
      if (first || (heard && row.endedAt === null && before !== undefined)) told.push({ row, entry: null });
    }
    for (const id of gone) this.#rows.delete(id);
    return told;
  }

  /** All of the first rows are here: who comes now is told of by its journal. */
  complete(): void {
    this.#known = true;
  }

  change({ entry, view }: BoardChange): Told {
    const fresh = boardRow(view);
    const before = this.#rows.get(view.id);
    // Of an earlier stage it would be taken for this one's.
    const gate = before?.stage === fresh.stage && fresh.endedAt === null ? (before?.gate ?? null) : null;
    const row = { ...fresh, gate };
    this.#rows.set(view.id, row);
    this.latest.push(entry);
    if (this.latest.length > KEPT_ENTRIES) this.latest.shift();
    return { row, entry };
  }

  /** What is to be seen: all that run, and what has just ended; the most urgent first. */
  shown(now: number): SharedRow[] {
    return [...this.#rows.values()]
      .filter(({ endedAt }) => endedAt === null || now - endedAt < SEEN_MS)
      .toSorted(byUrgency);
  }
}
