/** One time limit that runs. */
export interface Deadline {
  /** What was waited for has come: nothing more happens. */
  end(): void;
}

/**
 * Time limits of one length share a timer: they end in the order in which they began, so that the oldest alone is waited
 * for. A timer for each costs as much as all else that a dispatcher does with a request. `late` is called no sooner than
 * asked and about a millisecond later at most, as a timer of its own; it keeps the process up just as long.
 */
export function startDeadline(milliseconds: number, late: () => void): Deadline {
  const known = queues.get(milliseconds);
  const queue = known ?? new Queue(milliseconds);
  if (known === undefined) queues.set(milliseconds, queue);
  return queue.add(late);
}

const queues = new Map<number, Queue>();
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** A timer that is so much behind will not come any more: somebody has put other timers in the place of Node's. */
const LOST_MS = 1_000;

class Queue {
  readonly #milliseconds: number;
  #oldest: Entry | null = null;
  #newest: Entry | null = null;
  /** Runs while there is anything to wait for, or its last end has not passed. */
  #timer: NodeJS.Timeout | null = null;
  #due = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  add(late: () => void): Entry {
    const now = performance.now();
    const entry = new Entry(this, now + (this.#milliseconds > 0 ? this.#milliseconds : 0), late);
    entry.before = this.#newest;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.after = entry;
    this.#newest = entry;
    if (this.#timer === null || now > this.#due + LOST_MS) this.#wait(entry.at - now, now);
    else if (entry.before === null) this.#timer.ref();
    return entry;
  }

  remove(entry: Entry): void {
    const { before, after } = entry;
    if (before === null) this.#oldest = after;
    else before.after = after;
    if (after === null) this.#newest = before;
    else after.before = before;
    if (this.#oldest === null) this.#timer?.unref();
  }

  #wait(milliseconds: number, now: number): void {
    const wait = Math.min(Math.ceil(milliseconds), LONGEST_TIMER_MS);
    this.#due = now + wait;
    this.#timer = setTimeout(() => this.#turn(), wait);
  }

  #turn(): void {
    const now = performance.now();
    for (let entry = this.#oldest; entry !== null && entry.at <= now; entry = this.#oldest) {
      entry.end();
      entry.late();
    }
    if (this.#oldest !== null) this.#wait(this.#oldest.at - now, now);
    else queues.delete(this.#milliseconds);
  }
}

class Entry implements Deadline {
  readonly at: number;
  readonly late: () => void;
  before: Entry | null = null;
  after: Entry | null = null;
  readonly #queue: Queue;
  #ended = false;

  constructor(queue: Queue, at: number, late: () => void) {
    this.#queue = queue;
    this.at = at;
    this.late = late;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.remove(this);
  }
}
