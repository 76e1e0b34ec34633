import { createHmac } from 'node:crypto';
import { Failure } from '../plans/failures.ts';
import type { Notification } from '../plans/journal.ts';

const PREFIX = 'whsec_';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The same for every attempt, so that a receiver can tell a repetition from news; no `.` inside a part can make two
 * messages alike, because the number stands between the rollout and the channel.
 */
export function messageId({ rolloutId, seq, turn, channel, undelivered }: Notification): string {
  const id = `${rolloutId}.${seq}${turn === undefined ? '' : `-${turn}`}.${channel}`;
  return undelivered === undefined ? id : `${id}.for.${undelivered}`;
}

/** The key of a secret: base64 after `whsec_` as in Standard Webhooks, else its own UTF-8 bytes. */
export function signingKey(secret: string): Buffer {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice(PREFIX.length);
  if (encoded === '' || !BASE64.test(encoded)) {
    throw new Failure(
      'CONFIG_INVALID',
      'The secret of a webhook begins with whsec_ but is not base64 after it.',
    );
  }
  return Buffer.from(encoded, 'base64');
}

/**
 * The header `webhook-signature` of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`.
 * `timestamp` is in seconds since 1970. https://www.standardwebhooks.com
 */
export function signature(key: Buffer, message: { id: string; timestamp: number; body: string }): string {
  const { id, timestamp, body } = message;
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
