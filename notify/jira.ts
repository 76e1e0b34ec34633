import { z } from 'zod';
import type { Notification } from '../plans/journal.ts';
import type { Channel } from './channel.ts';
import type { JiraConfig } from './config.ts';
import { createJsonApi, Refused } from './json-api.ts';
import type { Log } from './log.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';

interface JiraParts {
  name: string;
  config: JiraConfig;
  renderer: Renderer;
  log: Log;
}

const KEY = /^[A-Z][A-Z0-9_]+-\d+$/;
const PROPERTY = 'tidegate.message';
/** A comment holds 32,767 characters. */
const LONGEST_TEXT = 30_000;
const LATEST = 50;

const Comments = z.object({ comments: z.array(z.object({ id: z.string(), created: z.string() })) });
const Property = z.object({ value: z.object({ id: z.string() }) });

/**
 * A comment for each message on the issue that `metadata.ticket` of the plan names: its key or its address. A plan without
 * one gets none. Jira has no key against repetitions: each comment carries the message's id as a property, and before
 * one that may have arrived is written again, it is looked for. @throws Failure CHANNEL_FAILED
 */
export function createJira({ name, config, renderer, log }: JiraParts): Channel {
  const { url, user, token, timeout } = config;
  const credentials = Buffer.from(`${user}:${token}`).toString('base64');
  const authorization = `Basic ${credentials}`;
  const api = createJsonApi({ name, service: 'Jira', url, authorization, timeout });

  function commentOf(notification: Notification) {
    const properties = [{ key: PROPERTY, value: { id: messageId(notification) } }];
    // Only the team of a service desk reads it, not the customer.
    const internal = config.internal ? [{ key: 'sd.public.comment', value: { internal: true } }] : [];
    return {
      body: documentOf(renderer.render(notification, 'text')),
      properties: [...properties, ...internal],
    };
  }

  /** Whether the comment is there already. */
  async function isThere(notification: Notification, issue: string): Promise<boolean> {
    const query = `orderBy=-created&maxResults=${LATEST}`;
    const { comments } = Comments.parse(await api.get(`${issue}/comment?${query}`));
    // Jira's clock is not ours.
    const since = notification.at - 300_000;
    for (const { id, created } of comments) {
      if (Date.parse(created) < since) continue;
      const property = await api
        .get(`/rest/api/3/comment/${encodeURIComponent(id)}/properties/${PROPERTY}`)
        .catch(nullWhereGone);
      const found = Property.safeParse(property);
      if (found.success && found.data.value.id === messageId(notification)) return true;
    }
    return false;
  }

  return {
    name,
    kind: 'jira',
    // Looking for it takes several requests.
    timeoutMs: timeout * 4000,
    // Whoever follows an issue does not mend channels.
    takesReports: false,

    async send(notification, attempt) {
      const key = issueKey(notification.rollout.ticket);
      if (key === null) {
        const { rolloutId, rollout } = notification;
        const fields = { channel: name, rolloutId, ticket: rollout.ticket };
        log.info(fields, 'the plan names no issue of Jira in metadata.ticket; there is no comment');
        return;
      }
      const issue = `/rest/api/3/issue/${key}`;
      if (attempt?.repeated === true && (await isThere(notification, issue))) return;
      await api.post(`${issue}/comment`, commentOf(notification));
    },

    preview(notification) {
      const payload = { issue: issueKey(notification.rollout.ticket), ...commentOf(notification) };
      return { text: renderer.render(notification, 'text'), html: null, payload };
    },

    async check() {
      renderer.check();
      await api.get('/rest/api/3/myself');
    },
  };
}

/** `PAY-1` of `PAY-1` and of `https://example.atlassian.net/browse/PAY-1`; null where neither is meant. */
export function issueKey(ticket: string | null): string | null {
  const text = ticket?.trim() ?? '';
  const key = text.includes('/') ? (/\/browse\/([^/?#]+)/.exec(text)?.[1] ?? '') : text;
  return KEY.test(key) ? key : null;
}

/**
 * Atlassian Document Format (developer.atlassian.com/cloud/jira/platform/apis/document/structure). A text node is taken
 * literally: nothing in it is a mention, a link or markup.
 */
function documentOf(rendered: string) {
  const [title = '', ...lines] = rendered.slice(0, LONGEST_TEXT).trim().split('\n');
  const breakBefore = (text: string) => [
    { type: 'hardBreak' },
    ...(text.trim() === '' ? [] : [{ type: 'text', text }]),
  ];
  const head = title === '' ? [] : [{ type: 'text', text: title, marks: [{ type: 'strong' }] }];
  const content = [...head, ...lines.flatMap(breakBefore)];
  return { type: 'doc', version: 1, content: [{ type: 'paragraph', content }] };
}

function nullWhereGone(error: unknown): null {
  if (error instanceof Refused && error.status === 404) return null;
  throw error;
}
