import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Failure, type FailureCode } from '../../plans/failures.ts';

/** One line of a child's output, or of ours about it. */
export type Log = (line: string) => void;

/** Where the pids of children are written down, so that the next start can end what a `kill -9` left behind. */
export interface ChildLedger {
  add(name: string, pid: number): void;
  remove(pid: number): void;
}

export interface ChildOptions {
  /** For messages: "postgres", "temporal", ... */
  name: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  log: Log;
  ledger?: ChildLedger | undefined;
  /** What asks it to end in good order. */
  stopSignal?: NodeJS.Signals;
  /** Milliseconds before SIGKILL. */
  grace?: number;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when it has ended, however it did. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** False once it has ended. */
  alive(): boolean;
  /** The last lines that it wrote, oldest first. */
  tail(): readonly string[];
  /** Asks it to end, and after the grace period makes it. Resolves when it has ended. */
  stop(): Promise<void>;
}

const TAIL = 30;
const living = new Set<{ kill: () => void }>();
let hooked = false;

/** Whatever ends this process in an orderly or disorderly way short of SIGKILL also ends its children. */
function endWithUs(): void {
  if (hooked) return;
  hooked = true;
  process.on('exit', () => {
    for (const child of living) child.kill();
  });
}

/**
 * Starts a process in a process group of its own: Ctrl-C in the terminal then reaches only us, and we end the
 * children in our order. @throws Failure PART_MISSING when the program cannot be run.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, log, ledger, stopSignal = 'SIGTERM', grace = 10_000 } = options;
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        new Failure('PART_MISSING', `${name} cannot be started: ${cause.message}`, { where: command, cause }),
      ),
    );
  });
  child.on('error', (error) => log(`${name}: ${error.message}`));
  const { pid } = child;
  if (pid === undefined) throw new Failure('PART_MISSING', `${name} has no process id`, { where: command });

  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > TAIL) lines.shift();
      log(line);
    });
  }
  const handle = { kill: () => child.kill(stopSignal) };
  living.add(handle);
  endWithUs();
  ledger?.add(name, pid);
  let ended = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      living.delete(handle);
      ledger?.remove(pid);
      resolve({ code, signal });
    });
  });
  return {
    name,
    pid,
    process: child,
    exited,
    alive: () => !ended,
    tail: () => lines,
    stop: async () => {
      if (ended) return;
      child.kill(stopSignal);
      const timer = setTimeout(() => {
        log(`${name} did not end within ${grace / 1000} s of ${stopSignal} and is killed`);
        killGroup(pid);
      }, grace);
      await exited;
      clearTimeout(timer);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended between the deadline and now.
  }
}

export interface Readiness {
  child: Child;
  /** Resolves when the part answers as its users will ask it; any error means "not yet". */
  probe: () => Promise<unknown>;
  code: FailureCode;
  /** Milliseconds. */
  timeout: number;
}

/** Waits until the part answers. Ends it and @throws a Failure with `code` and its last lines when it ends or never does. */
export async function untilReady({ child, probe, code, timeout }: Readiness): Promise<void> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  while (performance.now() < deadline) {
    if (!child.alive()) break;
    try {
      await probe();
      return;
    } catch (error) {
      last = error;
    }
    await Promise.race([child.exited, new Promise((resolve) => setTimeout(resolve, 40))]);
  }
  const ended = !child.alive();
  await child.stop();
  const what = ended ? 'ended while starting' : `did not answer within ${Math.round(timeout / 1000)} s`;
  throw new Failure(code, `${child.name} ${what}`, { details: child.tail().slice(-8), cause: last });
}
