import { z } from 'zod';
import { ACTION_PREFIX, BUTTONS_BLOCK, ButtonValue, lineBlock, literal } from '../../notify/slack-blocks.ts';
import { Action } from '../api.ts';

/**
 * What Slack posts when somebody presses a button (docs.slack.dev/reference/interaction-payloads/block_actions-payload);
 * it has more fields, and other kinds of interaction have others.
 */
const Payload = z.looseObject({
  type: z.literal('block_actions'),
  user: z.looseObject({ id: z.string() }),
  response_url: z.url(),
  message: z
    .looseObject({ blocks: z.array(z.looseObject({ block_id: z.string().optional() })).default([]) })
    .optional(),
  actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().optional() })),
});

/** A button that somebody has pressed. */
export const Click = z.strictObject({
  /** Slack's id of the person. */
  user: z.string(),
  action: Action,
  rollout: z.string(),
  /** The journal entry that the message was about. */
  seen: z.int(),
  /** Where the answer goes. */
  answerAt: z.url(),
  /** The message that the button stands in. */
  blocks: z.array(z.looseObject({ block_id: z.string().optional() })),
});
export type Click = z.infer<typeof Click>;

/** Null for everything that is none of ours: another button of the app, a shortcut, a dialog. */
export function clickIn(payload: unknown): Click | null {
  const parsed = Payload.safeParse(payload);
  if (!parsed.success) return null;
  const { user, response_url: answerAt, message, actions } = parsed.data;
  for (const { action_id: id, value } of actions) {
    const action = Action.safeParse(id.startsWith(ACTION_PREFIX) ? id.slice(ACTION_PREFIX.length) : null);
    const about = ButtonValue.safeParse(jsonOf(value ?? ''));
    if (!action.success || !about.success) continue;
    const { rollout, evidence: seen } = about.data;
    return { user: user.id, action: action.data, rollout, seen, answerAt, blocks: message?.blocks ?? [] };
  }
  return null;
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** For whoever pressed it, and nobody else. */
export function privately(text: string): object {
  return {
    response_type: 'ephemeral',
    replace_original: false,
    text: literal(text),
    blocks: [lineBlock(text)],
  };
}

/** The message with what was decided in the place of its buttons. */
export function decided({ blocks }: Click, text: string): object {
  const rest = blocks.filter(({ block_id: id }) => id !== BUTTONS_BLOCK);
  return { replace_original: true, text: literal(text), blocks: [...rest, lineBlock(text)] };
}
