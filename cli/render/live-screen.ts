import type { Watched } from './facts.ts';
import type { Ink } from './ink.ts';
import { changeLine, renderLive } from './live.ts';

/** The part of a terminal that the live picture needs; `process.stdout` is one. */
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

/**
 * Shows rollouts as they change: redrawn in place on a terminal, one line per change elsewhere. `close` leaves the
 * last picture standing and gives the cursor back.
 */
export class LiveScreen {
  readonly #terminal: Terminal;
  readonly #ink: Ink;
  #drawn = 0;
  #hidden = false;
  #told = new Map<string, string>();

  constructor(terminal: Terminal, ink: Ink) {
    this.#terminal = terminal;
    this.#ink = ink;
  }

  show(watched: readonly Watched[], now: number): void {
    if (this.#terminal.isTTY !== true) return this.#tellChanges(watched);
    const width = this.#terminal.columns ?? 80;
    // The last line stays free for the cursor, or the terminal would scroll at every picture.
    const height = Math.max(1, (this.#terminal.rows ?? 24) - 1);
    const lines = renderLive(watched, { width, height, now, ink: this.#ink });
    const start = this.#hidden ? '' : HIDE_CURSOR;
    this.#hidden = true;
    const up = Math.min(this.#drawn, height);
    const back = up > 0 ? `\x1b[${up}A\r` : '\r';
    this.#terminal.write(
      `${start}${back}${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`,
    );
    this.#drawn = lines.length;
  }

  /** A line that stays above the picture, which is drawn again below it. */
  note(line: string): void {
    if (this.#terminal.isTTY === true && this.#drawn > 0)
      this.#terminal.write(`\x1b[${this.#drawn}A\r${CLEAR_BELOW}`);
    this.#drawn = 0;
    this.#terminal.write(`${line}\n`);
  }

  close(): void {
    if (this.#hidden) this.#terminal.write(SHOW_CURSOR);
    this.#hidden = false;
    this.#drawn = 0;
  }

  #tellChanges(watched: readonly Watched[]): void {
    for (const each of watched) {
      const line = changeLine(each, this.#ink);
      if (this.#told.get(each.view.id) === line) continue;
      this.#told.set(each.view.id, line);
      this.#terminal.write(`${line}\n`);
    }
  }
}
