import { Failure } from '../../plans/failures.ts';
import { Phase } from '../../plans/view.ts';
import { JournalReply, ListReply, PlanReply, StatusReply, SubmitReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { rolloutId } from '../reference.ts';
import { printable } from '../render/ink.ts';
import { renderJournal } from '../render/journal.ts';
import { renderList } from '../render/list.ts';
import { renderStatus } from '../render/status.ts';

export async function submit(context: Context, file: string): Promise<void> {
  const text = await planText(file);
  const reply = await new ApiClient(context).change('/rollouts', {
    body: { ...(await context.named()), text, file },
    reply: SubmitReply,
  });
  context.tell(reply);
  context.say([
    `submitted ${reply.id}`,
    ...reply.warnings.map((warning) => `warning: ${warning}`),
    ...reply.notes,
    `tidegate watch ${reply.id}`,
  ]);
}

export interface ListOptions {
  environment?: string;
  flag?: string;
  service?: string;
  phase?: string;
  waiting?: string;
  search?: string;
  limit?: string;
  cursor?: string;
}

export async function list(context: Context, options: ListOptions): Promise<void> {
  const { search, ...others } = options;
  const query = new URLSearchParams(
    Object.entries({ ...others, ...(search === undefined ? {} : { q: search }) }),
  );
  const unknown = options.phase?.split(',').find((phase) => !Phase.safeParse(phase).success);
  if (unknown !== undefined) {
    throw new Failure('USAGE', `${unknown} is no phase.`, {
      details: [`phases: ${Phase.options.join(', ')}`],
    });
  }
  if (options.waiting === 'me') {
    const { by, roles } = await context.named();
    if (by !== undefined) query.set('by', by);
    if (roles !== undefined) query.set('roles', roles.join(','));
  }
  const reply = await new ApiClient(context).get(`/rollouts?${query.toString()}`, ListReply);
  context.tell(reply);
  context.say([
    ...renderList(printable(reply.rollouts), context.page()),
    ...(reply.next === null ? [] : [`more: --cursor ${reply.next}`]),
  ]);
}

export interface StatusOptions {
  history?: boolean;
  trace?: boolean;
  /** True: the present one. */
  plan?: boolean | string;
}

export async function status(context: Context, reference: string, options: StatusOptions): Promise<void> {
  const api = new ApiClient(context);
  const id = await rolloutId(api, reference);
  const path = `/rollouts/${encodeURIComponent(id)}`;
  if (options.trace === true) {
    // JSON lines with and without `--json`: a trace is made for `backtest` and other programs.
    for await (const piece of api.pieces(`${path}/trace`))
      await new Promise<void>((resolve) => process.stdout.write(piece, () => resolve()));
    return;
  }
  if (options.plan !== undefined && options.plan !== false) {
    const query = options.plan === true ? '' : `?revision=${encodeURIComponent(options.plan)}`;
    const reply = await api.get(`${path}/plan${query}`, PlanReply);
    context.tell(reply);
    return context.say(printable(reply.text.trimEnd().split('\n')));
  }
  if (options.history === true) {
    const reply = await api.get(`${path}/journal`, JournalReply);
    context.tell(reply);
    return context.say(renderJournal(printable(reply.entries), context.page()));
  }
  const reply = await api.get(path, StatusReply);
  context.tell(reply);
  context.say(renderStatus(printable(reply), context.page()));
}
