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

  test('is not opened by a drill, and by a rollback in one that does not work', async () => {
    for (const event of ['hard-stop', 'rolled-back', 'rollback-verified'] as const)
      await channel().send(notification({ event, drill: true }));
    expect(told()).toEqual([]);
    await channel().send(notification({ event: 'rollback-unverified' }));
    expect(told()).toHaveLength(1);
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

describe('a component that two rollouts share', () => {
  const of = (rolloutId: string, seq: number, event: 'hard-stop' | 'rollback-verified' | 'incident-update') =>
    notification({ rolloutId, seq, event });
  /** By a channel of its own, with another status. */
  function worse() {
    const config = StatuspageConfig.parse({
      kind: 'statuspage',
      url: page.url,
      token: STATUSPAGE_KEY,
      page: PAGE,
      components: [COMPONENT],
      componentStatus: 'major_outage',
      timeout: '2s',
    });
    return createStatuspage({
      name: 'other',
      config,
      memory,
      renderer: createRenderer({ log: rememberingLog() }),
    });
  }

  test('is as bad as the worst of their incidents says, and well when both are over', async () => {
    await channel().send(of('a-1', 1, 'hard-stop'));
    await worse().send(of('b-1', 1, 'hard-stop'));
    await channel().send(of('a-1', 2, 'incident-update'));
    expect(page.components[COMPONENT]).toBe('major_outage');
    await channel().send(of('a-1', 3, 'rollback-verified'));
    expect(page.components[COMPONENT]).toBe('major_outage');
    await channel().send(of('c-1', 1, 'hard-stop'));
    expect(page.components[COMPONENT]).toBe('major_outage');
    await worse().send(of('b-1', 2, 'rollback-verified'));
    expect(page.components[COMPONENT]).toBe('degraded_performance');
    await channel().send(of('c-1', 2, 'rollback-verified'));
    expect(page.components[COMPONENT]).toBe('operational');
  });

  test('is not kept down by an incident that somebody has resolved or deleted on the page', async () => {
    for (const rollout of ['a-1', 'b-1', 'c-1']) await channel().send(of(rollout, 1, 'hard-stop'));
    const [c, b] = page.incidents;
    if (b !== undefined) b.status = 'resolved';
    page.incidents.splice(page.incidents.indexOf(c as never), 1);
    await channel().send(of('a-1', 2, 'rollback-verified'));
    expect(page.components[COMPONENT]).toBe('operational');
  });

  test('stays down where one is resolved while the other is being opened', async () => {
    await channel().send(of('a-1', 1, 'hard-stop'));
    // The incident of b is written after a has looked who else is down, and before a has written.
    const held = { ...memory };
    let opened = false;
    memory.everywhere = async (key) => {
      const claims = await held.everywhere(key);
      if (!opened && claims.length === 0) {
        opened = true;
        await worse().send(of('b-1', 1, 'hard-stop'));
      }
      return claims;
    };
    await channel().send(of('a-1', 2, 'rollback-verified'));
    expect(opened).toBe(true);
    expect(page.components[COMPONENT]).toBe('major_outage');
  });

  test('is put right by the repetition of a message whose sender died in between', async () => {
    await channel().send(of('a-1', 1, 'hard-stop'));
    page.next({ kind: 'cut', method: 'PATCH' });
    await expect(channel().send(of('a-1', 2, 'rollback-verified'))).rejects.toThrow();
    page.components[COMPONENT] = 'partial_outage';
    await channel().send(of('a-1', 2, 'rollback-verified'), { repeated: true });
    expect(page.components[COMPONENT]).toBe('operational');
    expect(told()).toEqual([['resolved', ['investigating', 'resolved']]]);
  });
});

describe('a stage that is announced', () => {
  const upcoming = { stage: '25%', audience: '25 %', at: Date.UTC(2026, 0, 2, 12), was: null, bake: 3600 };
  const announced = (seq: number, over: Partial<typeof upcoming> | { at: null } = {}) =>
    notification({ seq, event: 'upcoming', upcoming: { ...upcoming, ...over } });

  test('is a scheduled maintenance, which moves with it and ends where it does not come', async () => {
    await channel().send(announced(1));
    await channel().send(announced(1), { repeated: true });
    expect(page.incidents).toMatchObject([
      { name: 'A change is coming', status: 'scheduled', scheduled_for: '2026-01-02T12:00:00.000Z' },
    ]);
    await channel().send(announced(2, { at: Date.UTC(2026, 0, 3, 12) }));
    expect(page.incidents).toMatchObject([{ scheduled_for: '2026-01-03T12:00:00.000Z' }]);
    expect(page.incidents[0]?.updates).toHaveLength(2);
    await channel().send(announced(3, { at: null }));
    expect(page.incidents).toMatchObject([{ status: 'completed' }]);
    expect(page.components[COMPONENT]).toBe('operational');
    await channel().send(announced(4));
    expect(page.incidents).toHaveLength(2);
  });
});
