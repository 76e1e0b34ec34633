import type { Watched } from './facts.ts';
import type { Ink } from './ink.ts';
import { changeLine, renderLive } from './live.ts';
import { Redrawn, type Terminal } from './redrawn.ts';

/**
 * Shows rollouts as they change: redrawn in place on a terminal, one line per change elsewhere. `close` leaves the
 * last picture standing and gives the cursor back.
 */
export class LiveScreen {
  readonly #picture: Redrawn;
  readonly #ink: Ink;
  #told = new Map<string, string>();

  constructor(terminal: Terminal, ink: Ink) {
    this.#picture = new Redrawn(terminal);
    this.#ink = ink;
  }

  show(watched: readonly Watched[], now: number): void {
    if (!this.#picture.isTTY) return this.#tellChanges(watched);
    this.#picture.draw(renderLive(watched, { ...this.#picture.size(), now, ink: this.#ink }));
  }

  /** A line that stays above the picture, which is drawn again below it. */
  note(line: string): void {
    this.#picture.note(line);
  }

  close(): void {
    this.#picture.close();
  }

  #tellChanges(watched: readonly Watched[]): void {
    for (const each of watched) {
      const line = changeLine(each, this.#ink);
      if (this.#told.get(each.view.id) === line) continue;
      this.#told.set(each.view.id, line);
      this.#picture.note(line);
    }
  }
}
