import type { IncomingHttpHeaders } from 'node:http';
import { signature, signingKey } from '../../notify/signature.ts';
import { Failure } from '../../plans/failures.ts';
import { same } from '../auth/secret.ts';

/** How far the sender's clock may be from this one's, seconds: what Standard Webhooks 1.0 recommends. */
const TOLERANCE = 300;

/**
 * The id of a message that is signed by Standard Webhooks (www.standardwebhooks.com) and not too old. `now` in ms since
 * 1970. @throws Failure WEBHOOK_REFUSED
 */
export function verified(
  headers: IncomingHttpHeaders,
  body: string,
  { secret, now }: { secret: string; now: number },
): string {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name],
  );
  if (typeof id !== 'string' || id === '' || typeof signatures !== 'string') {
    throw new Failure('WEBHOOK_REFUSED', 'webhook-id, webhook-timestamp and webhook-signature are needed.');
  }
  const at = Number(timestamp);
  if (typeof timestamp !== 'string' || !Number.isInteger(at)) {
    throw new Failure('WEBHOOK_REFUSED', 'webhook-timestamp is not in seconds since 1970.');
  }
  const expected = signature(signingKey(secret), { id, timestamp: at, body });
  // Several while a secret is changed.
  if (!signatures.split(' ').some((one) => same(one, expected))) {
    throw new Failure('WEBHOOK_REFUSED', 'The signature is not of this message and secret.');
  }
  if (Math.abs(now / 1000 - at) > TOLERANCE) {
    throw new Failure('WEBHOOK_REFUSED', 'The message is too old, or from the future.');
  }
  return id;
}
