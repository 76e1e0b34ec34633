import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TRANSITIONS } from '../plans/journal.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { type PagerDutyDouble, ROUTING_KEY, startPagerDuty } from '../test/fixtures/pagerduty-double.ts';
import { PagerDutyConfig } from './config.ts';
import { createPagerDuty } from './pagerduty.ts';
import { createRenderer } from './renderer.ts';

let pager: PagerDutyDouble;
beforeEach(async () => {
  pager = await startPagerDuty();
});
afterEach(() => pager.close());

function channel(over: object = {}) {
  const { url } = pager;
  const config = PagerDutyConfig.parse({
    kind: 'pagerduty',
    url,
    routingKey: ROUTING_KEY,
    timeout: '2s',
    ...over,
  });
  return createPagerDuty({ name: 'duty', config, renderer: createRenderer({ log: rememberingLog() }) });
}

const incident = () => pager.incidents.get('tidegate/pricing-v2-1');

describe('an incident', () => {
  test('of a rollout is triggered, acknowledged and resolved under one key', async () => {
    await channel().send(notification({ event: 'soft-stop' }));
    expect(incident()).toMatchObject({ state: 'triggered', severity: 'warning' });
    await channel().send(notification({ event: 'hard-stop' }));
    expect(incident()).toMatchObject({ state: 'triggered', severity: 'critical', opened: 1 });
    await channel().send(notification({ event: 'amended' }));
    expect(incident()).toMatchObject({ state: 'acknowledged' });
    await channel().send(notification({ event: 'accepted' }));
    expect(incident()).toMatchObject({ state: 'resolved', opened: 1 });
  });

  test('has the step that the configuration gives an event', async () => {
    const own = channel({ steps: { 'soft-stop': 'critical', completed: 'info' } });
    await own.send(notification({ event: 'soft-stop' }));
    expect(incident()).toMatchObject({ severity: 'critical' });
    await own.send(notification({ event: 'completed' }));
    expect(incident()).toMatchObject({ state: 'triggered', severity: 'info' });
  });

  test.each(TRANSITIONS)('%s is an event that PagerDuty takes, however long its texts are', async (event) => {
    const long = `${'x'.repeat(5000)}\r\n<b>`;
    await channel().send(notification({ event, title: long, summary: long, rolloutId: 'r'.repeat(300) }));
  });

  test.each(['resolved', 'noted'] as const)(
    'is neither opened nor resolved by an alert that is %s: that is a change event',
    async (alert) => {
      const own = channel({ steps: { alert: 'critical' } });
      await own.send(notification({ event: 'alert', alert, summary: 'it is over' }));
      expect(incident()).toBeUndefined();
      await own.send(notification({ event: 'hard-stop' }));
      await own.send(notification({ event: 'alert', alert, summary: 'it is over' }));
      expect(incident()).toMatchObject({ state: 'triggered', severity: 'critical' });
      expect(pager.changes).toHaveLength(2);
      expect(pager.changes[0]).toContain('it is over');
      const { text, payload } = own.preview(notification({ event: 'alert', alert }));
      expect(text).toMatch(/^change\n/);
      expect(payload).not.toHaveProperty('dedup_key');
    },
  );

  test('is opened by an alert that fires, also of a message from before the status was told', async () => {
    await channel().send(notification({ event: 'alert', alert: 'firing' }));
    expect(incident()).toMatchObject({ state: 'triggered', severity: 'error' });
    await channel({ steps: { alert: 'warning' } }).send(notification({ event: 'alert' }));
    expect(incident()).toMatchObject({ severity: 'warning' });
  });

  test('about a dead channel is one of its own, which no rollout resolves', async () => {
    const report = notification({ event: 'completed', undelivered: 'chat' });
    await channel().send(report);
    expect([...pager.incidents.keys()]).toEqual(['tidegate/channel/chat']);
    expect(pager.incidents.get('tidegate/channel/chat')).toMatchObject({
      state: 'triggered',
      severity: 'warning',
    });
  });
});

describe('PagerDuty that misbehaves', () => {
  test('a refusal is told with its reasons, without the key', async () => {
    const error = await channel({ routingKey: 'wrong-key' })
      .send(notification())
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'CHANNEL_FAILED',
      message: expect.stringContaining('400: Event object is invalid, Invalid routing key'),
    });
    expect(JSON.stringify(error)).not.toContain('wrong-key');
  });

  test('429 is told with its time, and 500 as it is', async () => {
    const busy = { status: 429, headers: { 'retry-after': '9' } };
    pager.next({ kind: 'instead', method: 'POST', answer: busy });
    await expect(channel().send(notification())).rejects.toMatchObject({ retryAfterMs: 9000 });
    pager.next({ kind: 'instead', method: 'POST', answer: { status: 500 } });
    await expect(channel().send(notification())).rejects.toThrow(/answers 500/);
    expect(pager.incidents.size).toBe(0);
  });

  test.each(['cut', 'mute'] as const)(
    '%s after the write: the repetition opens no second incident',
    async (kind) => {
      pager.next({ kind, method: 'POST' });
      await expect(channel({ timeout: '0.3s' }).send(notification())).rejects.toMatchObject({
        code: 'CHANNEL_FAILED',
      });
      await channel().send(notification(), { repeated: true });
      expect(incident()).toMatchObject({ opened: 1 });
    },
  );
});

test('the check tries the key and opens nothing', async () => {
  await channel().check();
  expect(pager.incidents.size).toBe(0);
  await expect(channel({ routingKey: 'wrong-key' }).check()).rejects.toThrow(/Invalid routing key/);
});

test('the preview has the event without the key, and sends nothing', () => {
  const { text, payload } = channel().preview(notification());
  expect(text).toMatch(/^trigger tidegate\/pricing-v2-1 \(critical\)\n/);
  expect(JSON.stringify(payload)).not.toContain(ROUTING_KEY);
  expect(pager.seen).toEqual([]);
});
