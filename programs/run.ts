import { spawn } from 'node:child_process';

/** Characters of its output that are kept: the last ones. */
const KEPT = 4_096;

/** How a program ended, and the last line that it printed; empty: it printed none. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  last: string;
}

/**
 * Runs a program that the operator has named: no shell, no environment but PATH and `env`, and all that it started ends with it, or
 * once `signal` is aborted. Rejects where the program cannot be started.
 */
export function runProgram(
  [program = '', ...args]: readonly string[],
  { env, folder, signal }: { env: NodeJS.ProcessEnv; folder?: string | undefined; signal: AbortSignal },
): Promise<Ended> {
  const { PATH = '' } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      shell: false,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(folder === undefined ? {} : { cwd: folder }),
      env: { PATH, ...env },
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = () => {
      try {
        // The group: what it has started goes too.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    signal.addEventListener('abort', end, { once: true });
    child.once('error', (error) => {
      signal.removeEventListener('abort', end);
      reject(error);
    });
    child.once('close', (code, killed) => {
      signal.removeEventListener('abort', end);
      end();
      resolve({ code, signal: killed, last: output.trim().split('\n').at(-1) ?? '' });
    });
    if (signal.aborted) end();
  });
}
