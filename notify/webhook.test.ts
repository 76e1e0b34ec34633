import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { type Receiver, startReceiver } from '../test/fixtures/receiver.ts';
import { createRenderer } from './renderer.ts';
import { signature, signingKey } from './signature.ts';
import { createWebhook, type WebhookOptions } from './webhook.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

function webhook(over: Partial<WebhookOptions> = {}) {
  const renderer = createRenderer({ log: rememberingLog() });
  return createWebhook({ name: 'pager', url: receiver.url, headers: {}, timeout: 5, renderer, ...over });
}

describe('a webhook', () => {
  test('gets JSON with the message, its text and its Markdown, and the headers of the configuration', async () => {
    await webhook({ headers: { 'x-team': 'payments' } }).send(notification());
    const [request] = receiver.received;
    expect(request).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-team': 'payments' },
    });
    const body = JSON.parse(request?.body ?? '');
    expect(body).toMatchObject({
      type: 'rollout.hard-stop',
      timestamp: '2026-01-02T03:04:05.000Z',
      data: notification(),
    });
    expect(body.data.text).toContain('tidegate status pricing-v2-1');
    expect(body.data.markdown).toMatch(/^\*\*New pricing engine/);
  });

  test('is signed so that a receiver can check it', async () => {
    const secret = `whsec_${Buffer.from('a key of some length, 32 bytes..').toString('base64')}`;
    await webhook({ secret }).send(notification());
    const request = receiver.received[0];
    if (request === undefined) throw new Error('nothing came');
    const { headers, body } = request;
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const expected = createHmac('sha256', 'a key of some length, 32 bytes..').update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(30);
  });

  test('gets an incident with its cause, its evidence and where to look, signed', async () => {
    const secret = `whsec_${Buffer.from('a key of some length, 32 bytes..').toString('base64')}`;
    const incident = {
      cause: { kind: 'gate' as const, verdict: 'hard', reason: 'errors' },
      automatic: true,
      text: 'hard stop by the gate: errors',
      affected: { audience: '25 % + employees', requests: 1200 },
      links: {
        rollout: '/rollouts/r-1',
        report: '/api/v1/rollouts/r-1/report',
        journal: '/api/v1/rollouts/r-1/journal',
      },
    };
    const message = notification({ event: 'incident', incident });
    await webhook({ secret }).send(message);
    const { headers, body } = receiver.received[0] ?? { headers: {}, body: '' };
    const given = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
    expect(new Webhook(secret).verify(body, given)).toMatchObject({
      type: 'rollout.incident',
      data: { incident, evidence: message.evidence },
    });
    const changed = body.replace('"automatic":true', '"automatic":false');
    expect(changed).not.toBe(body);
    expect(() => new Webhook(secret).verify(changed, given)).toThrow(/signature/i);
  });

  test('is taken by the verifier of Standard Webhooks, and refused where a byte differs', async () => {
    const secret = `whsec_${Buffer.from('a key of some length, 32 bytes..').toString('base64')}`;
    await webhook({ secret }).send(notification({ summary: 'Zürich ☃ "quoted"' }));
    const { headers, body } = receiver.received[0] ?? { headers: {}, body: '' };
    const given = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, String(value)]));
    const verifier = new Webhook(secret);
    expect(verifier.verify(body, given)).toMatchObject({ type: 'rollout.hard-stop' });
    expect(() => verifier.verify(`${body} `, given)).toThrow(/signature/i);
    expect(() => verifier.verify(body, { ...given, 'webhook-id': 'other' })).toThrow(/signature/i);
  });

  test('keeps its id over retries, and has another one per message, channel and report', async () => {
    const hook = webhook();
    for (const over of [{}, {}, { seq: 8 }, { channel: 'other' }, { undelivered: 'slack' }])
      await hook.send(notification(over));
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe('pricing-v2-1.7.pager');
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(4);
    expect(receiver.received[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test('takes a user in the URL as basic authentication', async () => {
    await webhook({ url: receiver.url.replace('http://', 'http://ada:p%40ss@') }).send(notification());
    expect(receiver.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ada:p@ss').toString('base64')}`,
    );
  });
});

/** The worked example of the Standard Webhooks specification's reference libraries. */
test('the signature is the one of Standard Webhooks', () => {
  const key = signingKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' };
  expect(signature(key, message)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  expect(() => signingKey('whsec_%%%')).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

describe('a receiver that misbehaves', () => {
  test.each([400, 401, 404, 410, 429, 500, 503, 302])('%i is told with its status', async (status) => {
    receiver.answer((response) =>
      response.writeHead(status, { location: '/elsewhere' }).end('because\u001b[31m of this'),
    );
    const error = await webhook()
      .send(notification())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CHANNEL_FAILED', details: ['because [31m of this'] });
    expect(String(error)).toContain(String(status));
    expect(receiver.received).toHaveLength(1);
  });

  test('that never answers, or never ends its answer, is given up in time', async () => {
    receiver.answer(() => undefined);
    const hook = webhook({ timeout: 0.2 });
    await expect(hook.send(notification())).rejects.toMatchObject({
      message: 'Channel pager: no answer within 0.2 s',
    });
    receiver.answer((response) => response.writeHead(500).write('and then'));
    await expect(hook.send(notification())).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
  });

  test('that is slow is waited for, and its long answer to a success is not', async () => {
    receiver.answer((response) => setTimeout(() => response.writeHead(200).write('endless'), 150));
    await webhook({ timeout: 5 }).send(notification());
  });

  test('that breaks the connection off, or is not there, is told without the secret path', async () => {
    receiver.answer((response) => response.socket?.resetAndDestroy());
    const broken = await webhook()
      .send(notification())
      .catch((reason: unknown) => reason);
    expect(broken).toMatchObject({
      code: 'CHANNEL_FAILED',
      message: expect.stringContaining('broke the connection off'),
    });
    await receiver.close();
    const absent = await webhook()
      .check()
      .catch((reason: unknown) => reason);
    expect(absent).toMatchObject({ code: 'CHANNEL_FAILED', message: 'Channel pager: nothing listens there' });
    for (const error of [broken, absent]) expect(JSON.stringify(error)).not.toContain('secret-path');
  });
});

test('the check of a webhook sends no message', async () => {
  receiver.answer((response) => response.writeHead(405).end());
  await webhook().check();
  expect(receiver.received.map(({ method }) => method)).toEqual(['HEAD']);
});
