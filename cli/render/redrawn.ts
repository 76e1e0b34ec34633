/** The part of a terminal that a live picture needs; `process.stdout` is one. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[0J';
const CLEAR_ALL = '\x1b[2J\x1b[H';

/** A picture of lines on a terminal that is drawn again in its place. `close` leaves the last one and gives the cursor back. */
export class Redrawn {
  readonly #terminal: Terminal;
  #drawn = 0;
  #width: number | null = null;
  #hidden = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get isTTY(): boolean {
    return this.#terminal.isTTY === true;
  }

  /** Columns and lines that a picture may have. */
  size(): { width: number; height: number } {
    const width = this.#terminal.columns ?? 80;
    // The last line stays free for the cursor, or the terminal would scroll at every picture.
    return { width, height: Math.max(1, (this.#terminal.rows ?? 24) - 1) };
  }

  draw(lines: readonly string[]): void {
    const { width, height } = this.size();
    const start = this.#hidden ? '' : HIDE_CURSOR;
    this.#hidden = true;
    // A narrower terminal has broken the lines of the picture: nobody knows where it begins.
    const broken = this.#width !== null && width < this.#width && this.#drawn > 0;
    this.#width = width;
    const up = Math.min(this.#drawn, height);
    const back = broken ? CLEAR_ALL : up > 0 ? `\x1b[${up}A\r` : '\r';
    this.#terminal.write(
      `${start}${back}${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`,
    );
    this.#drawn = lines.length;
  }

  /** A line that stays; on a terminal above the picture, which is drawn again below it. */
  note(line: string): void {
    if (this.isTTY && this.#drawn > 0) this.#terminal.write(`\x1b[${this.#drawn}A\r${CLEAR_BELOW}`);
    this.#drawn = 0;
    this.#terminal.write(`${line}\n`);
  }

  close(): void {
    if (this.#hidden) this.#terminal.write(SHOW_CURSOR);
    this.#hidden = false;
    this.#drawn = 0;
  }
}
