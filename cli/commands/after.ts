import { Failure } from '../../plans/failures.ts';
import { ProposalReply, RetryReply, SupersedeReply } from '../../server/api/after.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { rolloutId } from '../reference.ts';
import { printable } from '../render/ink.ts';
import { acceptedDifference } from './decisions.ts';

export interface RetryOptions {
  from?: string;
  plan?: string;
  reason?: string;
  propose?: boolean;
  build?: string;
  /** True: what was seen. */
  accept?: string | true;
}

/** Takes up again what was rolled back, and says what had stopped it. */
export async function retry(context: Context, reference: string, options: RetryOptions): Promise<void> {
  const api = new ApiClient(context);
  const { from, plan, reason, build } = options;
  if (options.propose === true) return propose(context, api, reference);
  if (reason === undefined) throw new Failure('USAGE', 'A retry says what was mended: --reason TEXT.');
  const text = plan === undefined ? {} : { text: await planText(plan), file: plan };
  const id = await rolloutId(api, reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/retry`, {
    body: {
      ...(await context.named()),
      reason,
      ...(from === undefined ? {} : { from }),
      ...(build === undefined ? {} : { build }),
      ...acceptance(options),
      ...text,
    },
    reply: RetryReply,
  });
  context.tell(reply);
  context.say(
    printable([
      `${reply.id} retries ${reply.of} from stage ${reply.stage}`,
      `what stopped ${reply.of}: ${reply.cause}`,
      ...reply.changes.map((change) => `  ${change}`),
      reply.evidence,
      ...reply.warnings.map((warning) => `warning: ${warning}`),
      ...reply.notes.map((note) => `note: ${note}`),
      `tidegate watch ${reply.id}`,
    ]),
  );
}

function acceptance({ accept }: RetryOptions): { accept?: number | 'shown' } {
  if (accept === undefined) return {};
  return { accept: accept === true ? 'shown' : acceptedDifference(accept) };
}

/** The plan on standard output, to be read, changed and handed to `retry --plan`. */
async function propose(context: Context, api: ApiClient, reference: string): Promise<void> {
  const id = await rolloutId(api, reference);
  const reply = await api.get(`/rollouts/${encodeURIComponent(id)}/proposal`, ProposalReply);
  context.tell(reply);
  const left = reply.left.map((text) => `# Left to you: ${text}`);
  const none = reply.reasons.length === 0 ? [`# Nothing of ${id} changes the plan by itself.`] : [];
  context.say(printable([...none, ...left, ...reply.text.trimEnd().split('\n')]));
}

export interface SupersedeOptions {
  reason: string;
  yes?: boolean;
}

/** Has a newer plan take the place of a rollout; without `--yes` it only says what users will see (exit 1). */
export async function supersede(
  context: Context,
  target: { reference: string; file: string },
  options: SupersedeOptions,
): Promise<number> {
  const api = new ApiClient(context);
  const text = await planText(target.file);
  const id = await rolloutId(api, target.reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/supersede`, {
    body: {
      ...(await context.named()),
      text,
      file: target.file,
      reason: options.reason,
      confirm: options.yes === true,
    },
    reply: SupersedeReply,
    timeoutMs: 60_000,
  });
  context.tell(reply);
  const last = reply.id === null ? 'nothing was done: `--yes` does it' : `tidegate watch ${reply.id}`;
  context.say(printable([...reply.sees, ...reply.warnings.map((warning) => `warning: ${warning}`), last]));
  return reply.id === null ? 1 : 0;
}
