import type { Readable, Writable } from 'node:stream';
// The prompts that are kept up best of those that run on Node 20: typed, small, and they write where they are told.
import { isCancel, select, text } from '@clack/prompts';
import { describe, problemOf, QUESTIONS } from './questions.ts';

export interface Terminal {
  input: Readable;
  /** Not standard output: that is the plan's. */
  output: Writable;
}

/** Asks what is not answered yet; null: the person has gone. */
export async function ask(
  given: ReadonlyMap<string, string>,
  { input, output, today }: Terminal & { today: string },
): Promise<Map<string, string> | null> {
  const answers = new Map(given);
  for (const question of QUESTIONS) {
    const { key, choices, hint } = question;
    if (answers.has(key)) continue;
    const message = describe(key);
    // A flag is mostly called as its rollout is.
    const initialValue = key === 'flag' ? answers.get('name') : undefined;
    const answer =
      choices === undefined
        ? await text({
            message,
            input,
            output,
            ...(hint === undefined ? {} : { placeholder: hint }),
            ...(initialValue === undefined ? {} : { initialValue }),
            validate: (typed) => problemOf(question, typed ?? '', today),
          })
        : await select({ message, input, output, options: [...choices] });
    if (isCancel(answer)) return null;
    answers.set(key, answer);
  }
  return answers;
}
