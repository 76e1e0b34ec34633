/** What a label says of every value beyond its limit. */
export const OTHER = 'other';

/**
 * Keeps a label to its first `limit` values; further ones become `other`, so that a path or an error text in a label
 * cannot fill Prometheus.
 */
export class BoundedLabel {
  readonly #known = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return OTHER;
    this.#known.add(value);
    return value;
  }
}
