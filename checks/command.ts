import { spawn } from 'node:child_process';
import type { ChecksConfig } from './config.ts';
import type { Outcome } from './outcome.ts';
import { no, yes } from './outcome.ts';

const KEPT = 4_096;

/** What a check is about; a command finds it in its environment. */
export interface CheckSubject {
  rolloutId: string;
  flag: string;
  environment: string;
  stage: string;
}

/** Runs a program that tidegate.yaml names: no shell, an environment of its own, and its children end with it. */
export async function runCommand(
  command: readonly string[],
  { config, subject, signal }: { config: ChecksConfig; subject: CheckSubject; signal: AbortSignal },
): Promise<Outcome> {
  const [name = '', ...more] = command;
  const known = Object.hasOwn(config.commands, name) ? config.commands[name] : undefined;
  if (known === undefined) return no(`${name} is not one of checks.commands in tidegate.yaml`);
  if (more.length > 0 && !known.arguments) return no(`tidegate.yaml lets nobody give ${name} arguments`);
  const [program = '', ...first] = known.run;
  const { PATH = '' } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...more], {
      shell: false,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(known.folder === undefined ? {} : { cwd: known.folder }),
      env: {
        PATH,
        ...known.env,
        TIDEGATE_ROLLOUT: subject.rolloutId,
        TIDEGATE_FLAG: subject.flag,
        TIDEGATE_ENVIRONMENT: subject.environment,
        TIDEGATE_STAGE: subject.stage,
      },
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
    child.once('error', reject);
    child.once('close', (code, killed) => {
      signal.removeEventListener('abort', end);
      end();
      const last = output.trim().split('\n').at(-1) ?? '';
      const said = last === '' ? '' : `: ${last}`;
      if (signal.aborted) reject(new Error('ended before it had answered', { cause: signal.reason }));
      else if (code === 0) resolve(yes(`ended with 0${said}`));
      else resolve(no(`ended with ${code ?? killed ?? 'nothing'}${said}`));
    });
    if (signal.aborted) end();
  });
}
