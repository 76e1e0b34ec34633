import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import { runProgram } from '../../programs/run.ts';
import { readText } from '../files.ts';
import type { PublishConfig } from './config.ts';

/** What a command learns of the change that it is to publish, by its environment. */
const Publication = z.object({
  environment: z.string(),
  key: z.string(),
  percent: z.number(),
  author: z.string(),
  reason: z.string(),
});
export type Publication = z.infer<typeof Publication>;

export interface Publisher {
  /** Before the file is written: from then on it counts as unpublished, also after a crash. */
  owe(path: string, change: Publication): Promise<void>;
  owes(path: string): Promise<boolean>;
  /** Runs the command where something is owed, and does nothing otherwise. @throws Failure PLATFORM_UNPUBLISHED */
  pay(path: string): Promise<void>;
}

/**
 * The command that brings a written file to where it is read, such as a commit. It runs in the file's folder, without a shell
 * and with an environment of its own; its children end with it. What it has not brought there stands in `FILE.unpublished`.
 */
export function createPublisher(name: string, config: PublishConfig): Publisher {
  const markOf = (path: string) => `${path}.unpublished`;
  return {
    owe: (path, change) => writeFile(markOf(path), JSON.stringify(change)),
    owes: async (path) => (await readText(markOf(path))) !== null,
    async pay(path) {
      const owed = await readText(markOf(path));
      if (owed === null) return;
      const said = await run(config, path, changeOf(owed));
      if (said !== null)
        throw new Failure('PLATFORM_UNPUBLISHED', `"${name}" has written ${basename(path)}, and ${said}.`, {
          where: path,
        });
      await rm(markOf(path), { force: true });
    },
  };
}

/** A mark that was cut short says that something is owed, and not what. */
function changeOf(text: string): Partial<Publication> {
  try {
    return Publication.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Null: it has ended with 0. */
async function run(
  { run: command, env, timeout }: PublishConfig,
  path: string,
  change: Partial<Publication>,
): Promise<string | null> {
  const program = `\`${command[0] ?? ''}\``;
  const signal = AbortSignal.timeout(timeout * 1000);
  try {
    const ended = await runProgram(command, {
      folder: dirname(resolve(path)),
      env: {
        HOME: process.env.HOME ?? '',
        ...env,
        TIDEGATE_FILE: basename(path),
        TIDEGATE_ENVIRONMENT: change.environment ?? '',
        TIDEGATE_FLAG: change.key ?? '',
        TIDEGATE_PERCENT: String(change.percent ?? ''),
        TIDEGATE_AUTHOR: change.author ?? '',
        TIDEGATE_REASON: change.reason ?? '',
      },
      signal,
    });
    const tail = ended.last === '' ? '' : `: ${ended.last}`;
    if (signal.aborted) return `${program} had not ended after ${timeout} s${tail}`;
    return ended.code === 0
      ? null
      : `${program} ended with ${ended.code ?? ended.signal ?? 'nothing'}${tail}`;
  } catch (error) {
    return `${program} cannot be run: ${error instanceof Error ? error.message : String(error)}`;
  }
}
