/**
 * The sums of one component in columns, one row for each segment of time that it has lived in. One object is used again for
 * every component: a gate weighs thousands of them a second.
 */
export class Stretches {
  length = 0;
  S = new Float64Array(8);
  V = new Float64Array(8);
  Q = new Float64Array(8);
  /** Score at no margin: of values it tells their mean. */
  plainS = new Float64Array(8);
  /** By which a score is divided for a difference of rates; 0: not asked for. */
  nH = new Float64Array(8);
  /** The bound on an upward jump of the score. */
  c = new Float64Array(8);

  clear(): void {
    this.length = 0;
  }

  add(row: { S: number; V: number; Q: number; plainS: number; nH?: number; c: number }): void {
    const at = this.length;
    if (at === this.c.length) this.#grow();
    this.S[at] = row.S;
    this.V[at] = row.V;
    this.Q[at] = row.Q;
    this.plainS[at] = row.plainS;
    this.nH[at] = row.nH ?? 0;
    this.c[at] = row.c;
    this.length = at + 1;
  }

  #grow(): void {
    this.S = twice(this.S);
    this.V = twice(this.V);
    this.Q = twice(this.Q);
    this.plainS = twice(this.plainS);
    this.nH = twice(this.nH);
    this.c = twice(this.c);
  }
}

function twice(column: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * column.length);
  longer.set(column);
  return longer;
}
