import { Command } from 'commander';
import { type Context, contextOf } from './context.ts';

/** What a command gives back: its exit status, or nothing for 0. */
export type Outcome = Promise<number | undefined | void>;

/** Gets the invocation, then arguments and options in the order in which the command declares them. */
type Action = (context: Context, ...declared: never[]) => Outcome;

/** Makes a commander action of ours. */
export type Run = (action: Action) => (...given: unknown[]) => Promise<void>;

export function runner(finish: (status: number) => void): Run {
  return (action) =>
    async (...given) => {
      const command = given.pop();
      if (!(command instanceof Command)) throw new TypeError('commander calls actions with the command last');
      // Only the declaration of a command knows what commander gives to its action.
      finish((await action(contextOf(command), ...(given as never[]))) ?? 0);
    };
}
