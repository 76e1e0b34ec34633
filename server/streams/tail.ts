import type { Change } from '../../store/changes.ts';
import type { ServerDeps } from '../deps.ts';

/** The end of what has changed, read once for all who follow it. */
export interface Tail {
  /** What comes after a number, in order; null: so much that whoever asks had better read everything anew. */
  after(id: number): Promise<Change[] | null>;
  head(): Promise<number>;
}

const KEPT = 500;
const AT_ONCE = 200;
/** Whoever missed more reads the list again instead. */
const MOST_MISSED = 10_000;

export function createTail({ changes, notices }: Pick<ServerDeps, 'changes' | 'notices'>): Tail {
  /** Without a gap: every change after `from`. */
  const recent: Change[] = [];
  let from: number | null = null;
  let generation = 0;
  let readAt = -1;
  let reading: Promise<void> | null = null;
  notices.on((notice) => {
    if (notice.kind !== 'sample') generation += 1;
  });

  async function read(): Promise<void> {
    const begun = generation;
    from ??= await changes.head();
    for (;;) {
      const fresh = await changes.after(recent.at(-1)?.id ?? from, AT_ONCE);
      recent.push(...fresh);
      if (recent.length > KEPT) {
        const dropped = recent.splice(0, recent.length - KEPT);
        from = dropped.at(-1)?.id ?? from;
      }
      if (fresh.length < AT_ONCE) break;
    }
    readAt = begun;
  }

  /** A reading that began before the latest notice may not have seen what it is about. */
  async function catchUp(): Promise<void> {
    const wanted = generation;
    while (readAt < wanted) {
      reading ??= read().finally(() => {
        reading = null;
      });
      await reading;
    }
  }

  async function head(): Promise<number> {
    await catchUp();
    return recent.at(-1)?.id ?? from ?? 0;
  }

  return {
    head,
    async after(id) {
      const last = await head();
      if (id > last || last - id > MOST_MISSED) return null;
      if (from !== null && id >= from) return recent.filter((change) => change.id > id);
      return changes.after(id, AT_ONCE);
    },
  };
}
