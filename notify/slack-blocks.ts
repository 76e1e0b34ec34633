import type { KnownBlock } from '@slack/web-api';
import { z } from 'zod';
import type { Notification } from '../plans/journal.ts';
import { plainText } from './escaping.ts';

/** Slack's limit of a button's value is 2000 characters, of a rich text some 4000; both are kept with room to spare. */
const LONGEST_TEXT = 3000;
const LONGEST_SUMMARY = 300;

/** What can be asked for by a button, as commands call it. */
export const BUTTONS = [
  'approve',
  'reject',
  'step-back',
  'pause',
  'resume',
  'accept-drift',
  'rollback',
] as const;
/** Before the name of each in Slack's `action_id`. */
export const ACTION_PREFIX = 'tidegate_';
export const BUTTONS_BLOCK = 'tidegate';

/** What stands behind a button: `evidence` is the number of the journal entry that was shown. */
export const ButtonValue = z.strictObject({
  rollout: z.string(),
  stage: z.string().nullable(),
  evidence: z.int().min(1),
});
export type ButtonValue = z.infer<typeof ButtonValue>;

/**
 * A message in Block Kit. Its text is a rich text element, which Slack takes literally: no mention, link or emphasis
 * can come from a title or a reason. `text` is the rendered message, its first line the title.
 */
export function messageBlocks(text: string, buttons: KnownBlock[]): KnownBlock[] {
  const [title = '', ...lines] = text.trim().split('\n');
  const rest = lines.join('\n').slice(0, LONGEST_TEXT);
  return [
    {
      type: 'rich_text',
      elements: [
        {
          type: 'rich_text_section',
          elements: [
            { type: 'text', text: title.slice(0, LONGEST_SUMMARY) || ' ', style: { bold: true } },
            ...(rest === '' ? [] : [{ type: 'text' as const, text: `\n${rest}` }]),
          ],
        },
      ],
    },
    ...buttons,
  ];
}

/** What the first message of a thread says below its own text once the rollout went on. */
export function latestBlock({ title }: Notification): KnownBlock {
  return lineBlock(`Latest: ${title}`);
}

/** A line below a message, taken literally. */
export function lineBlock(line: string): KnownBlock {
  const text = plainText(line).slice(0, LONGEST_SUMMARY);
  return {
    type: 'rich_text',
    elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text, style: { italic: true } }] }],
  };
}

const STYLES: Partial<Record<string, 'primary' | 'danger'>> = {
  approve: 'primary',
  rollback: 'danger',
  reject: 'danger',
};

/** Of the commands only those that need no words: `Accept the difference` wants a look at the numbers first. */
function pressable(rolloutId: string, { label, command }: Notification['actions'][number]): string | null {
  const [, action, id, ...rest] = command.split(' ');
  const known = BUTTONS.find((one) => one === action) ?? null;
  if (id !== rolloutId || rest.length > 0) return null;
  return known === 'approve' && label !== 'Approve' ? null : known;
}

/**
 * Buttons for what the reader may do now, each with a question that says what it leads to. The value names what was
 * seen: the rollout, its stage and the journal entry, so that a click that is out of date is refused.
 */
export function buttonsFor(notification: Notification): KnownBlock[] {
  const { rolloutId, seq, rollout, actions, title } = notification;
  const value = JSON.stringify({
    rollout: rolloutId,
    stage: rollout.stage,
    evidence: seq,
  } satisfies ButtonValue);
  const plain = (text: string, longest: number) => ({
    type: 'plain_text' as const,
    text: plainText(text).slice(0, longest),
  });
  const elements = actions.flatMap((one) => {
    const action = pressable(rolloutId, one);
    if (action === null) return [];
    const { label, command, effect = `It runs ${command}.` } = one;
    const style = STYLES[action];
    return [
      {
        type: 'button' as const,
        text: plain(label, 75),
        action_id: `${ACTION_PREFIX}${action}`,
        value,
        ...(style === undefined ? {} : { style }),
        confirm: {
          title: plain(`${label}: are you sure?`, 100),
          text: plain(`${rolloutId} (${rollout.environment}): ${effect}`, 300),
          confirm: plain(label, 30),
          deny: plain('Leave it', 30),
          ...(style === undefined ? {} : { style }),
        },
        accessibility_label: plainText(`${label}: ${title}`).slice(0, 75),
      },
    ];
  });
  return elements.length === 0 ? [] : [{ type: 'actions', block_id: BUTTONS_BLOCK, elements }];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What a phone shows of the message: Slack reads `<`, `>` and `&` there, also with markup off. */
export function fallbackText({ title, summary }: Pick<Notification, 'title' | 'summary'>): string {
  return literal(`${title}: ${summary}`);
}

/** A text for a place in which Slack reads markup, as it stands. */
export function literal(line: string): string {
  const text = plainText(line).slice(0, LONGEST_SUMMARY);
  return text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
}
