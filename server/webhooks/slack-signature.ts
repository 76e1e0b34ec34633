import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Failure } from '../../plans/failures.ts';
import { same } from '../auth/secret.ts';

/** How far Slack's clock may be from this one's, seconds: what Slack recommends. */
const TOLERANCE = 300;

/**
 * The signature of a request that comes from Slack and is not too old: HMAC-SHA256 over `v0:timestamp:body`
 * (docs.slack.dev/authentication/verifying-requests-from-slack). Its one use as an id tells a replay. `now` in ms
 * since 1970. @throws Failure WEBHOOK_REFUSED
 */
export function slackVerified(
  headers: IncomingHttpHeaders,
  body: string,
  { secret, now }: { secret: string; now: number },
): string {
  const timestamp = headers['x-slack-request-timestamp'];
  const given = headers['x-slack-signature'];
  if (typeof timestamp !== 'string' || typeof given !== 'string') {
    throw new Failure('WEBHOOK_REFUSED', 'X-Slack-Request-Timestamp and X-Slack-Signature are needed.');
  }
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new Failure('WEBHOOK_REFUSED', 'X-Slack-Request-Timestamp is not in seconds since 1970.');
  }
  const expected = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
  if (!same(given, expected)) {
    throw new Failure('WEBHOOK_REFUSED', 'The signature is not of this message and secret.');
  }
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE) {
    throw new Failure('WEBHOOK_REFUSED', 'The message is too old, or from the future.');
  }
  return expected;
}
