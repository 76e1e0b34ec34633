import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { Exposure } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import type { WebhookConfig } from './config.ts';
import { createPlatformClient } from './http.ts';
import type { Platform, PlatformFlag, Sighting } from './platform.ts';
import { readAnswer } from './read-answer.ts';

const State = z.object({ exposure: Exposure, version: z.string().min(1), changedBy: z.string().nullish() });

/**
 * A service of the user's own, by two requests (docs/platforms.md): `GET /flags/ENVIRONMENT/KEY` reads, `PUT` of the same address
 * applies. Each is signed as Standard Webhooks describes; of a GET the empty text is signed. The service compares `expectedVersion` and
 * answers 409 where another version is in force.
 */
export function createWebhook(name: string, config: WebhookConfig): Platform {
  const key = keyOf(name, config.secret);
  const client = createPlatformClient({
    name,
    url: config.url,
    timeout: config.timeout,
    headers: ({ body = '' }) => {
      const id = randomUUID();
      const timestamp = Math.floor(Date.now() / 1000);
      const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      return {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      };
    },
  });
  const place = ({ environment, key: flag }: PlatformFlag) =>
    `/flags/${encodeURIComponent(environment)}/${encodeURIComponent(flag)}`;
  const sighting = (text: string): Sighting => {
    const { exposure, version, changedBy } = readAnswer(name, State, text);
    return { exposure, version, changedBy: changedBy ?? null };
  };

  return {
    name,
    kind: 'webhook',
    where: client.where,
    uniqueVersions: true,
    can: {
      moves: true,
      creates: true,
      step: config.step,
      segments: config.segments ? 'groups' : 'none',
      stickiness: 'any',
      variants: true,
      compareAndSet: true,
      tellsWho: true,
    },
    async read(flag) {
      const answer = await client.ask({ method: 'GET', path: place(flag) }, [200, 404]);
      return answer.status === 404 ? null : sighting(answer.text);
    },
    async write(write) {
      const { exposure, expected: expectedVersion, shape, author, reason } = write;
      refuse(exposure, config);
      const body = JSON.stringify({ exposure, expectedVersion, shape, author, reason });
      const answer = await client.ask({ method: 'PUT', path: place(write), body }, [200, 409]);
      if (answer.status === 409) return { kind: 'conflict' };
      return { kind: 'taken', sighting: sighting(answer.text) };
    },
    lacks: async () => [],
    async check() {
      await client.ask({ method: 'GET', path: '/flags/tidegate/doctor' }, [200, 404]);
      return '';
    },
  };
}

function refuse({ percent, segments }: Exposure, { step, segments: known }: WebhookConfig): void {
  const steps = percent / step;
  if (percent < 0 || percent > 100 || Math.abs(steps - Math.round(steps)) > 1e-6)
    throw new Failure(
      'FLAG_UNSUPPORTED',
      `The service is moved in steps of ${step} %: ${percent} % cannot be served.`,
    );
  if (segments.length > 0 && !known)
    throw new Failure('FLAG_UNSUPPORTED', `The service knows no segments: ${segments.join(', ')}.`);
}

/** The same form as the secret of a channel: base64 after `whsec_`, else its own bytes. */
function keyOf(name: string, secret: string): Buffer {
  if (!secret.startsWith('whsec_')) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice('whsec_'.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    throw new Failure(
      'CONFIG_INVALID',
      `The secret of the provider "${name}" begins with whsec_ but is not base64 after it.`,
    );
  return Buffer.from(encoded, 'base64');
}
