import type { Notification } from '../plans/journal.ts';
import { plainText } from './escaping.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';

/** A mail without its recipients. Every text in a header is one line: nobody adds a header by a title. */
export interface EmailMessage {
  messageId: string;
  subject: string;
  text: string;
  html: string;
  inReplyTo?: string;
  references?: string;
  headers: Record<string, string>;
}

/**
 * One thread for each rollout: all its mails have one subject, as some readers go by it, and refer to the first,
 * `root`; null for the first itself. The id is the same for every attempt, so that mail systems drop a repetition.
 */
export function emailMessage(
  notification: Notification,
  { from, root, renderer }: { from: string; root: string | null; renderer: Renderer },
): EmailMessage {
  const { rollout, rolloutId, event } = notification;
  const about = `Rollout of ${rollout.title ?? rollout.name} in ${rollout.environment} (${rolloutId})`;
  const subject = plainText(notification.digest === undefined ? about : notification.title);
  const id = `<${atom(messageId(notification))}@${domainOf(from)}>`;
  const replies = root !== null && root !== id;
  return {
    messageId: id,
    subject: replies ? `Re: ${subject}` : subject,
    text: renderer.render(notification, 'text'),
    html: renderer.render(notification, 'html'),
    ...(replies ? { inReplyTo: root, references: root } : {}),
    // Nobody's absence note comes back.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Tidegate-Event': event },
  };
}

function atom(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*~]/g, hex);
}

function domainOf(from: string): string {
  return /@([^\s<>@]+?)>?$/.exec(from)?.[1] ?? 'tidegate.invalid';
}
