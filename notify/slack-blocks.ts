import type { KnownBlock } from '@slack/web-api';
import type { Notification } from '../plans/journal.ts';
import { plainText } from './escaping.ts';

/** Slack's limit of a button's value is 2000 characters, of a rich text some 4000; both are kept with room to spare. */
const LONGEST_TEXT = 3000;
const LONGEST_SUMMARY = 300;

export const APPROVE = 'tidegate_approve';
export const ROLL_BACK = 'tidegate_rollback';

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
  const text = `Latest: ${plainText(title)}`.slice(0, LONGEST_SUMMARY);
  return {
    type: 'rich_text',
    elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text, style: { italic: true } }] }],
  };
}

/**
 * Buttons for what the reader may do now. Each value names what was seen: the rollout, its stage and the journal entry
 * whose evidence stood there, so that whoever takes the click can refuse one that is out of date.
 */
export function buttonsFor(notification: Notification): KnownBlock[] {
  const { rolloutId, seq, rollout, actions } = notification;
  const value = JSON.stringify({ rollout: rolloutId, stage: rollout.stage, evidence: seq });
  const offered = (label: string, command: string) =>
    actions.some((action) => action.label === label && action.command === `${command} ${rolloutId}`);
  const button = (text: string, id: string, style: 'primary' | 'danger') => ({
    type: 'button' as const,
    text: { type: 'plain_text' as const, text },
    action_id: id,
    value,
    style,
  });
  const elements = [
    ...(offered('Approve', 'tidegate approve') ? [button('Approve', APPROVE, 'primary')] : []),
    ...(offered('Roll back', 'tidegate rollback') ? [button('Roll back', ROLL_BACK, 'danger')] : []),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', block_id: 'tidegate', elements }];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What a phone shows of the message: Slack reads `<`, `>` and `&` there, also with markup off. */
export function fallbackText({ title, summary }: Notification): string {
  const text = plainText(`${title}: ${summary}`).slice(0, LONGEST_SUMMARY);
  return text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
}
