import { Command } from 'commander';
import { type Context, contextOf } from './context.ts';

/** What a command gives back: its exit status, or nothing for 0. */
export type Outcome = Promise<number | undefined | void>;

/** Makes a commander action of a function that gets the invocation, then arguments and options as declared. */
export type Run = <A extends unknown[]>(
  action: (context: Context, ...args: A) => Outcome,
) => (...args: unknown[]) => Promise<void>;

export function runner(finish: (status: number) => void): Run {
  return <A extends unknown[]>(action: (context: Context, ...args: A) => Outcome) =>
    async (...args: unknown[]) => {
      const command = args.pop();
      if (!(command instanceof Command)) throw new TypeError('commander calls actions with the command last');
      // Commander gives arguments and options in the order in which the command declares them.
      finish((await action(contextOf(command), ...(args as A))) ?? 0);
    };
}
