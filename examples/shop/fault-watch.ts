/** Times in epoch milliseconds; null while no bad response was served. */
export interface FaultReport {
  firstBadAt: number | null;
  lastBadAt: number | null;
  count: number;
}

/** When the front served responses that a fault had touched; a new fault starts the record anew. */
export class FaultWatch {
  #since = 0;
  #first: number | null = null;
  #last: number | null = null;
  #count = 0;

  /** All times in epoch milliseconds. */
  saw(since: number, at: number): void {
    if (since < this.#since) return;
    if (since > this.#since) {
      this.#since = since;
      this.#first = at;
      this.#count = 0;
    }
    this.#last = at;
    this.#count += 1;
  }

  report(): FaultReport {
    return { firstBadAt: this.#first, lastBadAt: this.#last, count: this.#count };
  }
}
