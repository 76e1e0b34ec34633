import { Failure } from '../../plans/failures.ts';
import { Duration } from '../../plans/units.ts';
import { type Action, ActionReply, AmendReply, StatusReply } from '../../server/api.ts';
import { ApiClient } from '../api-client.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';
import { rolloutId } from '../reference.ts';

/** As the table of `status` shows differences: `0.3pp` → 0.003, or a plain number in a gauge's or a mean's unit. */
export function acceptedDifference(text: string): number {
  const match = /^[+-]?(\d+(?:\.\d+)?)(pp)?$/.exec(text);
  if (match === null) {
    throw new Failure('USAGE', `${text} is no difference that can be accepted.`, {
      details: [
        'as `tidegate status` shows it: 0.3pp of a ratio, 4pp of slow requests, or 2.5 in the unit of a gauge',
      ],
    });
  }
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) / 100;
}

export interface DecisionOptions {
  reason?: string;
  accept?: string;
  breakGlass?: boolean;
  lower?: boolean;
  confirm?: string;
  tenant?: string;
  segment?: string;
  progressive?: boolean;
  immediate?: boolean;
  every?: string;
}

/** How a rollback is to go back: what the person says, else the plan decides. */
function pace({ progressive, immediate, every }: DecisionOptions): { progressive?: boolean; every?: number } {
  if (immediate === true && (progressive === true || every !== undefined))
    throw new Failure('USAGE', 'A rollback is progressive or immediate, not both.');
  if (immediate === true) return { progressive: false };
  if (every === undefined) return progressive === true ? { progressive } : {};
  const seconds = Duration.safeParse(every);
  if (!seconds.success || seconds.data < 1)
    throw new Failure('USAGE', `--every ${every} is no time.`, { details: ['such as 30s, 10m or 1h'] });
  return { progressive: true, every: seconds.data };
}

/** Sends a person's decision and says what came of it. */
export async function decide(
  context: Context,
  decision: { action: Action; reference: string },
  options: DecisionOptions,
): Promise<void> {
  const api = new ApiClient(context);
  const accept = options.accept === undefined ? null : acceptedDifference(options.accept);
  const id = await rolloutId(api, decision.reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/actions/${decision.action}`, {
    body: {
      ...(await context.named()),
      reason: options.reason ?? null,
      accept,
      breakGlass: options.breakGlass === true,
      lower: options.lower === true,
      ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
      ...pace(options),
      ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
      ...(options.segment === undefined ? {} : { segment: options.segment }),
    },
    reply: ActionReply,
  });
  context.tell(reply);
  context.say([
    `${reply.id}: ${reply.summary}`,
    ...(reply.view.next === '' ? [] : [`next: ${reply.view.next}`]),
  ]);
}

export interface ToldOptions {
  percent: string;
  segments?: string;
  sequence?: string;
  mover?: string;
  at?: string;
}

/** Says what others serve now, and what came of it. */
export async function tell(context: Context, reference: string, options: ToldOptions): Promise<void> {
  const api = new ApiClient(context);
  const percent = numberOf('--percent', options.percent);
  const wanted = options.sequence === undefined ? null : numberOf('--sequence', options.sequence);
  const at = options.at === undefined ? null : new Date(options.at);
  if (at !== null && Number.isNaN(at.getTime()))
    throw new Failure('USAGE', `--at ${options.at ?? ''} is no time.`, {
      details: ['such as 2026-03-01T08:00Z'],
    });
  const id = await rolloutId(api, reference);
  const path = `/rollouts/${encodeURIComponent(id)}`;
  const sequence = wanted ?? ((await api.get(path, StatusReply)).view.watching?.told?.sequence ?? 0) + 1;
  const reply = await api.post(
    `${path}/exposure`,
    {
      ...(await context.named()),
      percent,
      sequence,
      ...(options.segments === undefined
        ? {}
        : {
            segments: options.segments
              .split(',')
              .map((name) => name.trim())
              .filter((name) => name !== ''),
          }),
      ...(options.mover === undefined ? {} : { mover: options.mover }),
      ...(at === null ? {} : { at: at.toISOString() }),
    },
    ActionReply,
  );
  context.tell(reply);
  context.say([`${reply.id}: ${reply.summary}`, `next: ${reply.view.next}`]);
}

function numberOf(option: string, text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !Number.isFinite(value))
    throw new Failure('USAGE', `${option} ${text} is no number.`);
  return value;
}

export async function amend(
  context: Context,
  target: { reference: string; file: string },
  options: { reason?: string },
): Promise<void> {
  const api = new ApiClient(context);
  const text = await planText(target.file);
  const id = await rolloutId(api, target.reference);
  const reply = await api.change(`/rollouts/${encodeURIComponent(id)}/amend`, {
    body: { ...(await context.named()), text, file: target.file, reason: options.reason ?? null },
    reply: AmendReply,
  });
  context.tell(reply);
  context.say([
    reply.changes.length === 0 ? `${id}: nothing changes` : `${id}: amended`,
    ...reply.changes.map((change) => `  ${change}`),
  ]);
}
