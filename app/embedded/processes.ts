import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface KnownProcess {
  pid: number;
  /** See `birthOf`. */
  birth: string;
}

/**
 * When a process began, in words that only this system understands; undefined when there is none. Process numbers
 * are used again, so a number alone does not say who it is: number and birth together do.
 */
export function birthOf(pid: number): string | undefined {
  return process.platform === 'linux' ? birthFromProc(pid) : birthFromPs(pid);
}

/** True while this very process lives, and not another that got its number. */
export function isAlive({ pid, birth }: KnownProcess): boolean {
  return birthOf(pid) === birth;
}

function birthFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in brackets, may hold spaces and brackets itself.
    const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, start] = [field[0], field[19]];
    // A zombie has ended; only its parent has not looked yet.
    if (state === 'Z' || state === 'X' || start === undefined) return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${start}`;
  } catch {
    return undefined;
  }
}

function birthFromPs(pid: number): string | undefined {
  try {
    const output = execFileSync('ps', ['-p', String(pid), '-o', 'stat=,lstart='], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const [state = 'Z', ...start] = output.trim().split(/\s+/);
    return state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
