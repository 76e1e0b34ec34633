import { isCancel, text } from '@clack/prompts';
import { Failure } from '../../plans/failures.ts';
import { StatusReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { rolloutId } from '../reference.ts';
import { type DecisionOptions, decide } from './decisions.ts';

/** As a shell ends a command that was broken off. */
const CANCELLED = 130;

/** Confirms the point of no return: says what cannot be taken back, and has the flag's name written out. */
export async function confirm(
  context: Context,
  reference: string,
  options: DecisionOptions,
): Promise<number> {
  const api = new ApiClient(context);
  const id = await rolloutId(api, reference);
  const decision = { action: 'confirm', reference: id } as const;
  if (options.confirm !== undefined) {
    await decide(context, decision, options);
    return 0;
  }
  const { view } = await api.get(`/rollouts/${encodeURIComponent(id)}`, StatusReply);
  const what = [
    `a kill of ${view.flag} in ${view.environment} is refused from then on, and so is a rollback`,
    'the old path may be taken away: code, infrastructure and data',
  ];
  if (context.json || !process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure('CONFIRM_NAME', `Nothing was confirmed: ${view.flag} is to be named.`, {
      details: [...what, `tidegate confirm ${id} --confirm ${view.flag}`],
    });
  context.say(['There is no way back behind this:', ...what.map((line) => `  ${line}`)]);
  const typed = await text({
    message: `Type ${view.flag} to confirm`,
    input: process.stdin,
    output: process.stderr,
  });
  if (isCancel(typed)) return CANCELLED;
  await decide(context, decision, { ...options, confirm: typed });
  return 0;
}
