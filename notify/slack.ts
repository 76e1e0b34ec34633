import {
  type KnownBlock,
  LogLevel,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebClient,
} from '@slack/web-api';
import { z } from 'zod';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import type { ChannelMemory } from '../store/store.ts';
import { type Channel, Throttled } from './channel.ts';
import type { SlackConfig } from './config.ts';
import { plainText } from './escaping.ts';
import type { Log } from './log.ts';
import type { Renderer } from './renderer.ts';
import { messageId } from './signature.ts';
import { buttonsFor, fallbackText, latestBlock, messageBlocks } from './slack-blocks.ts';

interface SlackParts {
  name: string;
  config: SlackConfig;
  memory: ChannelMemory;
  renderer: Renderer;
  log: Log;
}

/** The first message of a rollout, as it is kept: `blocks` without its buttons. */
const Thread = z.object({ ts: z.string(), id: z.string(), text: z.string(), blocks: z.array(z.unknown()) });

const EVENT_TYPE = 'tidegate_message';
const silent = () => undefined;
const NO_LOG = { debug: silent, info: silent, warn: silent, error: silent };

/**
 * Posts the first message of a rollout to the channel and the later ones into its thread; the first then says what came
 * last. Slack has no documented key against repetitions: each message carries its id as metadata, and before one
 * that may have arrived is posted again, it is looked for. @throws Failure CHANNEL_FAILED with Slack's word for it
 */
export function createSlack({ name, config, memory, renderer, log }: SlackParts): Channel {
  const { channel } = config;
  const client = new WebClient(config.token, {
    ...(config.url === undefined ? {} : { slackApiUrl: config.url.replace(/\/*$/, '/') }),
    timeout: config.timeout * 1000,
    // The outbox tries again, and it keeps the order.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: { ...NO_LOG, setLevel: silent, setName: silent, getLevel: () => LogLevel.ERROR },
  });

  async function threadOf(rolloutId: string): Promise<z.infer<typeof Thread> | null> {
    const text = await memory.recall({ rolloutId, channel: name, key: 'thread' });
    return text === null ? null : Thread.parse(JSON.parse(text));
  }

  /** The `ts` of a message that is there already. */
  async function find(notification: Notification, threadTs: string | undefined): Promise<string | null> {
    const id = messageId(notification);
    // Slack's clock is not ours.
    const oldest = String(Math.floor(notification.at / 1000) - 300);
    const where = { channel, oldest, limit: 200, include_all_metadata: true as const };
    let cursor: string | undefined;
    do {
      const at = { ...where, ...(cursor === undefined ? {} : { cursor }) };
      const page =
        threadTs === undefined
          ? await client.conversations.history(at)
          : await client.conversations.replies({ ...at, ts: threadTs });
      const found = (page.messages ?? []).find(({ metadata }) => idIn(metadata) === id);
      if (found?.ts !== undefined) return found.ts;
      cursor = page.response_metadata?.next_cursor || undefined;
    } while (cursor !== undefined);
    return null;
  }

  async function post(notification: Notification, threadTs: string | undefined): Promise<string> {
    const { ts } = await client.chat.postMessage(messageOf(notification, threadTs));
    if (ts === undefined) throw new Error('Slack took the message and gave it no time');
    return ts;
  }

  function messageOf(notification: Notification, threadTs?: string) {
    return {
      channel,
      text: fallbackText(notification),
      blocks: messageBlocks(
        renderer.render(notification, 'text'),
        config.interactive ? buttonsFor(notification) : [],
      ),
      metadata: { event_type: EVENT_TYPE, event_payload: { id: messageId(notification) } },
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    };
  }

  /** The buttons of the first message go too: what they offered is over. A failure here repeats no message. */
  async function showLatest(notification: Notification, thread: z.infer<typeof Thread>): Promise<void> {
    const blocks = [...(thread.blocks as KnownBlock[]), latestBlock(notification)];
    try {
      await client.chat.update({ channel, ts: thread.ts, text: thread.text, blocks });
    } catch (error) {
      const fields = { channel: name, rolloutId: notification.rolloutId, reason: inWords(error) };
      log.warn(fields, 'the first message of a thread could not be brought up to date');
    }
  }

  return {
    name,
    kind: 'slack',
    // Looking for it, posting it and bringing the first message up to date.
    timeoutMs: config.timeout * 3000,

    async send(notification, attempt) {
      const { rolloutId } = notification;
      const id = messageId(notification);
      const deliver = async (into: string | undefined) =>
        (attempt?.repeated === true ? await find(notification, into) : null) ??
        (await post(notification, into));
      try {
        const thread = await threadOf(rolloutId);
        if (thread !== null && thread.id === id) return;
        const reply = thread === null ? null : await deliver(thread.ts).catch(nullWhereGone);
        if (thread !== null && reply !== null) return await showLatest(notification, thread);
        const ts = await deliver(undefined);
        const text = fallbackText(notification);
        const blocks = messageBlocks(renderer.render(notification, 'text'), []);
        const place = { rolloutId, channel: name, key: 'thread' };
        await memory.keep(place, JSON.stringify({ ts, id, text, blocks }));
      } catch (error) {
        throw failed(name, error);
      }
    },

    preview(notification) {
      return { text: renderer.render(notification, 'text'), html: null, payload: messageOf(notification) };
    },

    async check() {
      renderer.check();
      try {
        await client.auth.test();
        // Says whether the app is in the channel, and may look for its messages.
        await client.conversations.history({ channel, limit: 1 });
      } catch (error) {
        throw failed(name, error);
      }
    },
  };
}

const GONE = ['thread_not_found', 'message_not_found', 'cannot_reply_to_message'];

/** Somebody deleted the first message: the next one begins a new thread. */
function nullWhereGone(error: unknown): null {
  if (error instanceof WebAPIPlatformError && GONE.includes(error.data.error)) return null;
  throw error;
}

function idIn(metadata: { event_type?: string; event_payload?: object } | undefined): unknown {
  if (metadata?.event_type !== EVENT_TYPE) return null;
  const { event_payload: payload } = metadata;
  return payload !== undefined && 'id' in payload ? payload.id : null;
}

function failed(name: string, cause: unknown): Failure {
  const message = `Channel ${name}: ${inWords(cause)}`;
  if (cause instanceof WebAPIRateLimitedError)
    return new Throttled(message, { retryAfterMs: cause.retryAfter * 1000, cause });
  return new Failure('CHANNEL_FAILED', message, { cause });
}

const MEND: Record<string, string> = {
  not_in_channel: 'the app is not in the channel; invite it',
  channel_not_found: 'the app sees no such channel; name it by its id and invite the app',
  is_archived: 'the channel is archived',
  invalid_auth: 'Slack refuses the token',
  not_authed: 'Slack refuses the token',
  token_revoked: 'the token was revoked',
  account_inactive: 'the account of the token is gone',
};

function inWords(error: unknown): string {
  if (error instanceof WebAPIRateLimitedError) return `Slack asks to wait ${error.retryAfter} s`;
  if (error instanceof WebAPIPlatformError) {
    const { error: word, ...rest } = error.data;
    const needed = 'needed' in rest && typeof rest.needed === 'string' ? ` (needed: ${rest.needed})` : '';
    return MEND[word] ?? plainText(`Slack answers ${word}${needed}`);
  }
  return plainText(error instanceof Error ? error.message : String(error));
}
