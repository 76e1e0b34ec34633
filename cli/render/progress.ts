/** What a progress bar draws on. */
interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const EVERY_MS = 100;
const CELLS = 30;

/** A bar on a terminal while something is read; nothing on a pipe. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #whole: number | null;
  readonly #unit: string;
  #done = 0;
  #drawn = 0;

  /** `whole`: what `advance` adds up to; null: not known. */
  constructor(terminal: Terminal, whole: number | null, unit: string) {
    this.#terminal = terminal;
    this.#whole = whole;
    this.#unit = unit;
  }

  advance(by: number, count: number): void {
    this.#done += by;
    if (this.#terminal.isTTY !== true) return;
    const now = performance.now();
    if (now - this.#drawn < EVERY_MS) return;
    this.#drawn = now;
    this.#terminal.write(`\r\x1b[K${this.#bar()}${count} ${this.#unit}`);
  }

  close(): void {
    if (this.#drawn > 0) this.#terminal.write('\r\x1b[K');
  }

  #bar(): string {
    if (this.#whole === null || this.#whole === 0) return '';
    const share = Math.min(1, this.#done / this.#whole);
    const full = Math.floor(share * CELLS);
    return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)} %  `;
  }
}
