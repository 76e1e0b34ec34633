import tab, { script } from '@bomb.sh/tab';
import describeTo from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { FlagsReply, ListReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';

const NAME = 'tidegate';
/** Somebody has pressed a key and waits. */
const PATIENCE_MS = 700;

/** Library: it speaks commander and four shells, has no dependencies and follows cobra's protocol. */
export async function print(shell: string): Promise<void> {
  script(shell, NAME, NAME);
}

/** Names that the server knows are offered too; a server that is away costs a moment and offers none. */
export async function complete(
  context: Context,
  { bare, words }: { bare: Command; words: readonly string[] },
): Promise<void> {
  const known = describeTo(bare);
  const wanted = new Set([...known.commands.values()].flatMap((one) => [...one.arguments.keys()]));
  const named = words.some((word) => known.commands.has(word));
  const [rollouts, flags] = named && wanted.size > 0 ? await names(context) : [[], []];
  for (const command of known.commands.values())
    for (const [name, argument] of command.arguments) {
      const offered = name === 'rollout' ? rollouts : name === 'flag' || name === 'key' ? flags : null;
      if (offered === null) continue;
      argument.handler = (offer) => {
        for (const [value, text] of offered) offer(value, text);
      };
    }
  tab.parse([...words]);
}

type Named = [value: string, description: string][];

async function names(context: Context): Promise<[rollouts: Named, flags: Named]> {
  const api = new ApiClient(context, { waits: null });
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref());
  const ask = <T>(work: Promise<T>) => Promise.race([work.catch(() => null), late]);
  const [rollouts, flags] = await Promise.all([
    ask(api.get('/rollouts?limit=100', ListReply)),
    ask(api.get('/flags', FlagsReply)),
  ]);
  return [
    (rollouts?.rollouts ?? []).map(({ id, phase, stage }) => [
      id,
      `${phase}${stage === null ? '' : `, ${stage}`}`,
    ]),
    [...new Set((flags?.flags ?? []).map(({ key }) => key))].map((key) => [key, 'flag']),
  ];
}
