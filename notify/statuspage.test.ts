import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TRANSITIONS } from '../plans/journal.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import {
  PAGE,
  STATUSPAGE_KEY,
  type StatuspageDouble,
  startStatuspage,
} from '../test/fixtures/statuspage-double.ts';
import { StatuspageConfig } from './config.ts';
import { createMemory } from './memory.ts';
import { createRenderer } from './renderer.ts';
import { createStatuspage } from './statuspage.ts';

let page: StatuspageDouble;
let memory = createMemory();
beforeEach(async () => {
  page = await startStatuspage();
  memory = createMemory();
});
afterEach(() => page.close());

const COMPONENT = '8kbf7d35c070';

function channel(over: { templates?: string; [more: string]: unknown } = {}) {
  const config = StatuspageConfig.parse({
    kind: 'statuspage',
    url: page.url,
    token: STATUSPAGE_KEY,
    page: PAGE,
    components: [COMPONENT],
    timeout: '2s',
    ...over,
  });
  const renderer = createRenderer({ log: rememberingLog(), templates: over.templates });
  return createStatuspage({ name: 'public', config, memory, renderer });
}

const told = () => page.incidents.map(({ status, updates }) => [status, updates.map((one) => one.status)]);

describe('an incident', () => {
  test('is opened at a stop, goes on, and is resolved; the next stop opens another', async () => {
    await channel().send(notification({ seq: 1, event: 'hard-stop' }));
    expect(page.components[COMPONENT]).toBe('degraded_performance');
    await channel().send(notification({ seq: 2, event: 'rolled-back' }));
    expect(page.components[COMPONENT]).toBe('degraded_performance');
    await channel().send(notification({ seq: 3, event: 'completed' }));
    expect(page.components).toEqual({ [COMPONENT]: 'operational', vtnh60py4yd7: 'operational' });
    expect(told()).toEqual([['resolved', ['investigating', 'monitoring', 'resolved']]]);
    await channel().send(notification({ seq: 4, event: 'killed' }));
    expect(told()).toHaveLength(2);
  });

  test('is not opened by what no user notices, nor to say that all is well', async () => {
    for (const event of TRANSITIONS)
      if (!['hard-stop', 'killed', 'write-failed', 'rollback-unverified'].includes(event))
        await channel().send(notification({ event }));
    expect(page.seen).toEqual([]);
  });

  test('has the steps of the configuration', async () => {
    const own = channel({
      steps: { 'soft-stop': 'investigating', 'rolled-back': 'resolved', killed: 'none' },
    });
    await own.send(notification({ seq: 1, event: 'killed' }));
    await own.send(notification({ seq: 2, event: 'soft-stop' }));
    await own.send(notification({ seq: 3, event: 'rolled-back' }));
    expect(told()).toEqual([['resolved', ['investigating', 'resolved']]]);
  });

  test('says nothing of a plan, a metric or a name', async () => {
    await channel().send(notification({ title: 'secret', summary: 'secret <b>' }));
    const said = JSON.stringify(page.incidents);
    expect(said).toContain('and are acting on it.');
    expect(said).not.toMatch(/secret|pricing|production|tidegate (status|rollback)/);
  });

  test('says what the file of the operator says, with everything in it as text', async () => {
    const templates = mkdtempSync(join(tmpdir(), 'tidegate-status-'));
    try {
      writeFileSync(join(templates, 'hard-stop.status.njk'), 'A problem with {{ rollout.title }}.');
      const { rollout } = notification();
      const title = '<script>{{ 7*7 }}</script>';
      await channel({ templates }).send(notification({ rollout: { ...rollout, title } }));
      const shown = 'A problem with &lt;script&gt;{{ 7*7 }}&lt;/script&gt;.';
      expect(page.incidents[0]?.updates[0]?.body).toBe(shown);
      writeFileSync(join(templates, 'hard-stop.status.njk'), '{% if %}');
      await channel({ templates }).send(notification({ seq: 9, title: 'secret' }));
      expect(page.incidents[0]?.updates[1]?.body).toBe(
        'There is news about a change that we are rolling out.',
      );
    } finally {
      rmSync(templates, { recursive: true });
    }
  });

  test('that somebody deleted is opened anew by the next stop', async () => {
    await channel().send(notification({ seq: 1 }));
    page.incidents.splice(0);
    await channel().send(notification({ seq: 2, event: 'rolled-back' }));
    expect(told()).toEqual([]);
    await channel().send(notification({ seq: 3, event: 'write-failed' }));
    expect(told()).toEqual([['identified', ['identified']]]);
  });
});

describe('Statuspage that misbehaves', () => {
  const again = { repeated: true };

  test.each(['cut', 'mute'] as const)('%s after the write: nothing is told twice', async (kind) => {
    const patient = channel({ timeout: '0.3s' });
    const [first, second] = [notification({ seq: 1 }), notification({ seq: 2, event: 'rolled-back' })];
    page.next({ kind, method: 'POST' });
    await expect(patient.send(first)).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
    await channel().send(first, again);
    page.next({ kind, method: 'PATCH' });
    await expect(patient.send(second)).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
    await channel().send(second, again);
    expect(told()).toEqual([['monitoring', ['investigating', 'monitoring']]]);
  });

  test('a repetition of what did not arrive is told', async () => {
    await channel().send(notification({ seq: 1 }), again);
    await channel().send(notification({ seq: 2, event: 'rolled-back' }), again);
    expect(told()).toEqual([['monitoring', ['investigating', 'monitoring']]]);
  });

  test.each([420, 429])('%i is told with the time that it asks for', async (status) => {
    page.next({ kind: 'instead', method: 'POST', answer: { status, headers: { 'retry-after': '9' } } });
    await expect(channel().send(notification())).rejects.toMatchObject({ retryAfterMs: 9000 });
    const at = new Date(Date.now() + 60_000).toUTCString();
    page.next({ kind: 'instead', method: 'POST', answer: { status, headers: { 'retry-after': at } } });
    const error: unknown = await channel()
      .send(notification())
      .catch((thrown: unknown) => thrown);
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
    expect(page.incidents).toEqual([]);
  });

  test('what it refuses is said in its words, without the key', async () => {
    page.next({
      kind: 'instead',
      method: 'POST',
      answer: { status: 422, body: { error: ['name is\nblank'] } },
    });
    await expect(channel().send(notification())).rejects.toThrow(
      'Channel public: Statuspage answers 422: name is blank',
    );
    const error: unknown = await channel({ token: 'wrong-key' })
      .send(notification())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: 'Channel public: Statuspage answers 401: Could not authenticate',
    });
    expect(JSON.stringify(error)).not.toContain('wrong-key');
  });
});

test('the check writes nothing, and names a component that is not there', async () => {
  await channel().check();
  await expect(channel({ components: ['abc'] }).check()).rejects.toThrow(/no component abc/);
  await expect(channel({ page: 'other' }).check()).rejects.toThrow(/404/);
  expect(page.seen.every((one) => one.startsWith('GET'))).toBe(true);
});

test('the preview is what would be told, and tells nothing', () => {
  expect(channel().preview(notification()).text).toMatch(/^Problem with a new version \(investigating\)/);
  expect(channel().preview(notification({ event: 'note' })).payload).toBeNull();
  expect(JSON.stringify(channel().preview(notification()))).not.toContain(STATUSPAGE_KEY);
  expect(page.seen).toEqual([]);
});
