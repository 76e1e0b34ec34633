import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Exposure } from '../../plans/exposure.ts';
import { type DescribedAnswer, describedAnswers } from '../../test/fixtures/described-answers.ts';
import { type DoubleRequest, type HttpDouble, startHttpDouble } from '../../test/fixtures/http-double.ts';
import { Lagging } from '../../test/fixtures/lagging.ts';
import { providerContract } from '../../test/fixtures/provider-contract.ts';
import { SWITCH } from '../../test/fixtures/provider-stand.ts';
import { WebhookConfig } from './config.ts';
import { createWebhook } from './webhook.ts';

const SECRET = `whsec_${Buffer.from('a secret of a webhook').toString('base64')}`;
const Order = z.strictObject({
  exposure: Exposure,
  expectedVersion: z.string().nullable(),
  shape: z.strictObject({
    variants: z.record(z.string(), z.json()),
    baseline: z.string(),
    canary: z.string(),
    stickiness: z.string(),
    safe: z.json().optional(),
    provider: z.string().optional(),
  }),
  author: z.string(),
  reason: z.string(),
});

interface Stored {
  exposure: Exposure;
  version: string;
  changedBy: string | null;
}

const State = z.strictObject({
  exposure: Exposure,
  version: z.string().min(1),
  changedBy: z.string().nullish(),
});
const FLAG = /^\/flags\/[^/]+\/[^/]+$/;
/** The answers that docs/platforms.md asks of a service. */
const answers = describedAnswers([
  { method: 'GET', path: FLAG, status: 200, body: State },
  { method: 'GET', path: FLAG, status: 404, body: null },
  { method: 'PUT', path: FLAG, status: 200, body: State },
  { method: 'PUT', path: FLAG, status: 409, body: null },
  ...['GET', 'PUT'].flatMap((method): DescribedAnswer[] => [
    ...[400, 401].map((status) => ({ method, path: FLAG, status, body: z.json() })),
    ...[429, 503].map((status) => ({
      method,
      path: FLAG,
      status,
      body: null,
      headers: { 'retry-after': /^\d+$/ },
    })),
  ]),
]);

/** The service of docs/platforms.md, as small as it can be. */
async function startService(): Promise<HttpDouble & { flags: Lagging<Stored> }> {
  const flags = new Lagging<Stored>();
  const double = await startHttpDouble((request) => {
    const { method, url, body } = request;
    if (!signedRight(request)) return { status: 401, body: { error: 'signature' } };
    const [, key] = /^\/flags\/[^/]+\/([^/]+)$/.exec(url.pathname) ?? [];
    if (key === undefined) return { status: 404 };
    const present = method === 'GET' ? flags.read(key) : flags.latest(key);
    if (method === 'GET') return present === undefined ? { status: 404 } : { status: 200, body: present };
    const order = Order.safeParse(JSON.parse(body));
    if (method !== 'PUT' || !order.success)
      return { status: 400, body: { error: z.prettifyError(order.error ?? new z.ZodError([])) } };
    const { exposure, expectedVersion, author } = order.data;
    if (expectedVersion !== null && expectedVersion !== present?.version) return { status: 409 };
    const next = { exposure, version: randomUUID(), changedBy: author };
    flags.set(key, next);
    return { status: 200, body: next };
  }, answers);
  return { ...double, flags };
}

function signedRight({ headers, body }: DoubleRequest): boolean {
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

const platformOf = ({ url }: HttpDouble, more: object = {}) =>
  createWebhook(
    'own',
    WebhookConfig.parse({ kind: 'webhook', url, secret: SECRET, segments: true, ...more }),
  );

providerContract('a service of the user’s own', async () => {
  const service = await startService();
  return {
    platform: platformOf(service),
    async move(key, percent) {
      const exposure = { percent, segments: [], variant: null };
      service.flags.set(key, { exposure, version: randomUUID(), changedBy: 'mallory' });
    },
    who: 'mallory',
    served: async (key) => service.flags.latest(key)?.exposure.percent ?? 0,
    lag: (reads) => service.flags.lag(reads),
    spoil: (kind) => service.next({ kind, method: 'PUT' }),
    close: () => service.close(),
  };
});

let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const write = {
  environment: 'production',
  key: 'f',
  shape: SWITCH,
  exposure: { percent: 5, segments: [], variant: null },
  expected: null,
  author: 'ada',
  reason: 'a test',
};

test('a request that is not signed with the same secret is refused', async () => {
  const other = platformOf(service, { secret: 'whsec_c29tZXRoaW5nIGVsc2U=' });
  await expect(other.write(write)).rejects.toMatchObject({ code: 'PLATFORM_REFUSED' });
});

test('an answer that is not of the contract is refused, and no flag is taken from it', async () => {
  service.next({
    kind: 'instead',
    method: 'GET',
    answer: { status: 200, body: { percent: 5 } },
    strange: true,
  });
  await expect(platformOf(service).read(write)).rejects.toMatchObject({ code: 'PLATFORM_REFUSED' });
});

test('a share finer than the service takes is refused before anything is sent', async () => {
  const sent = service.seen.length;
  const exposure = { ...write.exposure, percent: 0.5 };
  await expect(platformOf(service, { step: 1 }).write({ ...write, exposure })).rejects.toMatchObject({
    code: 'FLAG_UNSUPPORTED',
  });
  expect(service.seen).toHaveLength(sent);
});
