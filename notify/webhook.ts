import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';
import type { Channel } from './channel.ts';
import { plainText } from './escaping.ts';
import type { Renderer } from './renderer.ts';
import { messageId, signature, signingKey } from './signature.ts';

export interface WebhookOptions {
  name: string;
  url: string;
  /** Signs messages as in Standard Webhooks. */
  secret?: string | undefined;
  headers: Record<string, string>;
  /** Seconds for one attempt, the answer's body included. */
  timeout: number;
  renderer: Renderer;
}

const BODY_SHOWN = 300;

/**
 * Posts each message as JSON: `{ type: "rollout.<event>", timestamp, data: { ...notification, text, markdown } }`
 * with the headers `webhook-id` (stable over retries) and `webhook-timestamp`, and `webhook-signature` where a secret
 * is set. Any answer but 2xx, a redirect too, is `CHANNEL_FAILED` with its status; so is no answer.
 */
export function createWebhook(options: WebhookOptions): Channel {
  const { name, renderer, timeout } = options;
  const { url, authorization } = withoutCredentials(options.url);
  const key = options.secret === undefined ? null : signingKey(options.secret);
  // The path may itself be a secret.
  const where = url.origin;

  async function request(init: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const signal = AbortSignal.timeout(timeout * 1000);
      const response = await fetch(url, { ...init, redirect: 'manual', signal });
      return {
        status: response.status,
        text: await beginning(response, init.method === 'HEAD' || response.ok),
      };
    } catch (cause) {
      const message = `Channel ${name}: ${inWords(cause, timeout)}`;
      throw new Failure('CHANNEL_FAILED', message, { where, cause });
    }
  }

  function headersOf(notification: Notification, body: string): Record<string, string> {
    const id = messageId(notification);
    const timestamp = Math.floor(Date.now() / 1000);
    return {
      ...authorization,
      ...options.headers,
      'content-type': 'application/json',
      'user-agent': 'tidegate',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(key === null ? {} : { 'webhook-signature': signature(key, { id, timestamp, body }) }),
    };
  }

  return {
    name,
    kind: 'webhook',
    timeoutMs: timeout * 1000,

    async send(notification) {
      const body = JSON.stringify(bodyOf(notification, renderer));
      const { status, text } = await request({
        method: 'POST',
        body,
        headers: headersOf(notification, body),
      });
      if (status >= 200 && status < 300) return;
      const answer = text === '' ? [] : [text];
      throw new Failure('CHANNEL_FAILED', `Channel ${name}: ${statusInWords(status)}`, {
        where,
        details: answer,
      });
    },

    preview(notification) {
      const payload = bodyOf(notification, renderer);
      return { text: renderer.render(notification, 'text'), html: null, payload };
    },

    async check() {
      renderer.check();
      // Any answer shows that somebody listens; only a real message would show that it is taken.
      await request({ method: 'HEAD', headers: { ...authorization, ...options.headers } });
    },
  };
}

function bodyOf(notification: Notification, renderer: Renderer): object {
  return {
    type: notification.digest === undefined ? `rollout.${notification.event}` : notification.event,
    timestamp: new Date(notification.at).toISOString(),
    data: {
      ...notification,
      text: renderer.render(notification, 'text'),
      markdown: renderer.render(notification, 'markdown'),
    },
  };
}

/** Enough of an answer's body to understand a refusal; the rest of it is not waited for. */
async function beginning(response: Response, unread: boolean): Promise<string> {
  if (unread || response.body === null) {
    await response.body?.cancel();
    return '';
  }
  const chunks: ReadableStream<Uint8Array> = response.body;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= BODY_SHOWN) break;
  }
  return plainText(text).slice(0, BODY_SHOWN);
}

function statusInWords(status: number): string {
  if (status === 410) return 'the receiver answers 410: it wants no more messages';
  if (status >= 300 && status < 400)
    return `the receiver answers ${status}, a redirect, which is not followed`;
  if (status === 401 || status === 403) return `the receiver answers ${status}: it refuses the credentials`;
  return `the receiver answers ${status}`;
}

function inWords(error: unknown, timeout: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeout} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is unknown';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the receiver broke the connection off';
  return cause.message === '' ? (code ?? 'no answer') : cause.message;
}

/** `fetch` refuses a URL with a user in it; as a header it is fine. */
function withoutCredentials(text: string): { url: URL; authorization: Record<string, string> } {
  const url = new URL(text);
  if (url.username === '' && url.password === '') return { url, authorization: {} };
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url, authorization: { authorization: `Basic ${Buffer.from(user).toString('base64')}` } };
}
