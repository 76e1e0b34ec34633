import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Listening } from './http.ts';

export interface Child extends Listening {
  pid: number;
}

export interface ChildOptions {
  /** Arguments of `main`, without `--port`. */
  args: readonly string[];
  port: number;
  /** Called when the process ends without having been asked to. */
  onExit?: (what: string) => void;
}

const READY_MS = 30_000;
const STOP_MS = 4_000;

/**
 * Starts one part of the shop in a process of its own and waits until it listens. Rejects with what the process
 * wrote to its standard error when it ends before that. The process ends with this one, also after a `kill -9`.
 */
export async function startChild({ args, port, onExit }: ChildOptions): Promise<Child> {
  const { entry, execArgv } = program();
  const child = fork(entry, [...args, '--port', String(port)], {
    execArgv,
    // A group of its own: Ctrl-C in the terminal reaches only this process, which ends the parts in its order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  let closing = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-2_000);
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const what = `shop ${args[1] ?? ''}`;
  const address = await new Promise<{ url: string; port: number }>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${what} did not start within ${READY_MS / 1_000} s.`));
    }, READY_MS);
    child.once('message', (message) => {
      clearTimeout(late);
      resolve(message as { url: string; port: number });
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`${what} ended with status ${code}: ${complaint.trim()}`));
    });
  });
  child.once('exit', (code, signal) => {
    if (!closing) onExit?.(`${what} ended with ${signal ?? `status ${code}`}. ${complaint.trim()}`.trim());
  });
  return {
    ...address,
    pid: child.pid ?? 0,
    async close() {
      closing = true;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

/** The compiled entry, or the source one through the loader that tests run with. */
function program(): { entry: string; execArgv: string[] } {
  const source = import.meta.url.endsWith('.ts');
  const entry = fileURLToPath(new URL(source ? './main.ts' : './main.js', import.meta.url));
  if (!source) return { entry, execArgv: [] };
  const loader = createRequire(import.meta.url).resolve('tsx');
  return { entry, execArgv: ['--import', pathToFileURL(loader).href] };
}
