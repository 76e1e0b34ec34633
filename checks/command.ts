import { runProgram } from '../programs/run.ts';
import type { ChecksConfig } from './config.ts';
import type { Outcome } from './outcome.ts';
import { no, yes } from './outcome.ts';

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
  const ended = await runProgram([...known.run, ...more], {
    folder: known.folder,
    env: {
      ...known.env,
      TIDEGATE_ROLLOUT: subject.rolloutId,
      TIDEGATE_FLAG: subject.flag,
      TIDEGATE_ENVIRONMENT: subject.environment,
      TIDEGATE_STAGE: subject.stage,
    },
    signal,
  });
  const { code, last } = ended;
  const said = last === '' ? '' : `: ${last}`;
  if (signal.aborted) throw new Error('ended before it had answered', { cause: signal.reason });
  return code === 0
    ? yes(`ended with 0${said}`)
    : no(`ended with ${code ?? ended.signal ?? 'nothing'}${said}`);
}
