/** What is drawn on while somebody waits. */
export interface WaitingTerminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Sooner an answer is there before a line about it could be read. */
const SHOWN_AFTER_MS = 1_000;
const EVERY_MS = 200;
const SIGNS = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Lines that are being shown: only one at a time, the first. */
const shown = new WeakSet<WaitingTerminal>();

/**
 * Does `work`, and says on a terminal what is waited for and for how long, once that is over a second. Nothing on a pipe. The line is gone
 * before the result is there. `what` is asked anew each time it is drawn.
 */
export async function patiently<T>(
  what: () => string,
  work: () => Promise<T>,
  terminal: WaitingTerminal = process.stderr,
): Promise<T> {
  if (terminal.isTTY !== true || shown.has(terminal)) return work();
  shown.add(terminal);
  const began = performance.now();
  let turn = 0;
  const draw = () => {
    const waited = Math.floor((performance.now() - began) / 1000);
    const sign = SIGNS[turn % SIGNS.length] ?? '';
    turn += 1;
    const line = `${sign} ${what()}, ${waited} s`;
    terminal.write(`\r\x1b[K${line.slice(0, (terminal.columns ?? 80) - 1)}`);
  };
  let timer = setTimeout(function again() {
    draw();
    timer = setTimeout(again, EVERY_MS);
  }, SHOWN_AFTER_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    shown.delete(terminal);
    if (turn > 0) terminal.write('\r\x1b[K');
  }
}
