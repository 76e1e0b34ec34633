import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, type SlackDouble, startSlack } from '../test/fixtures/slack-double.ts';
import { SlackConfig } from './config.ts';
import { createMemory } from './memory.ts';
import { createRenderer } from './renderer.ts';
import { createSlack } from './slack.ts';

let slack: SlackDouble;
let memory = createMemory();
let log = rememberingLog();
beforeEach(async () => {
  slack = await startSlack();
  memory = createMemory();
  log = rememberingLog();
});
afterEach(() => slack.close());

/** A channel as after a restart: all that it knows is in `memory`. */
function channel(over: object = {}) {
  const config = SlackConfig.parse({
    kind: 'slack',
    url: `${slack.url}/api/`,
    token: SLACK_TOKEN,
    channel: SLACK_CHANNEL,
    timeout: '2s',
    ...over,
  });
  return createSlack({ name: 'chat', config, memory, renderer: createRenderer({ log }), log });
}

const now = (over: object = {}) => notification({ at: Date.now(), ...over });
const actions = [
  { label: 'Approve', command: 'tidegate approve pricing-v2-1' },
  { label: 'Roll back', command: 'tidegate rollback pricing-v2-1' },
];
const refused = (error: unknown) => error;

describe('messages of a rollout', () => {
  test('are one thread, also after a restart, and the first says what came last', async () => {
    await channel().send(now({ seq: 1, title: 'One' }));
    await channel().send(now({ seq: 2, title: 'Two' }));
    await channel().send(now({ seq: 3, title: 'Three' }));
    await channel().send(now({ rolloutId: 'other-1' }));
    const [root] = slack.messages;
    expect(slack.messages.map(({ thread_ts }) => thread_ts)).toEqual([
      undefined,
      root?.ts,
      root?.ts,
      undefined,
    ]);
    const shown = JSON.stringify(root?.blocks);
    expect(shown).toContain('One');
    expect(shown).toContain('Latest: Three');
    expect(shown).not.toContain('Latest: Two');
    expect(log.lines).toEqual([]);
  });

  test('begin a new thread where the first one was deleted', async () => {
    await channel().send(now({ seq: 1 }));
    slack.messages.splice(0);
    for (const seq of [2, 3]) await channel().send(now({ seq }));
    const [root] = slack.messages;
    expect(slack.messages.map(({ thread_ts }) => thread_ts)).toEqual([undefined, root?.ts]);
  });

  test('arrive also where the first one may not be changed any more', async () => {
    await channel().send(now({ seq: 1 }));
    slack.failUpdates('edit_window_closed');
    await channel().send(now({ seq: 2 }));
    expect(slack.messages).toHaveLength(2);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  test('have buttons only where the configuration wants them and the reader may press them', async () => {
    await channel().send(now({ actions }));
    await channel({ interactive: true }).send(now({ rolloutId: 'x-1', actions }));
    await channel({ interactive: true }).send(now({ rolloutId: 'pricing-v2-1', seq: 9, actions }));
    const buttons = slack.messages.map(({ blocks }) => blocks.filter(({ type }) => type === 'actions'));
    expect(buttons[0]).toEqual([]);
    expect(buttons[1]).toEqual([]);
    const value = JSON.stringify({ rollout: 'pricing-v2-1', stage: '5%', evidence: 9 });
    expect(buttons[2]).toMatchObject([
      {
        elements: [
          { action_id: 'tidegate_approve', value },
          { action_id: 'tidegate_rollback', value },
        ],
      },
    ]);
  });

  test('lose the buttons of the first message once the rollout went on', async () => {
    await channel({ interactive: true }).send(now({ seq: 1, actions }));
    expect(JSON.stringify(slack.messages[0]?.blocks)).toContain('tidegate_approve');
    await channel({ interactive: true }).send(now({ seq: 2 }));
    expect(JSON.stringify(slack.messages[0]?.blocks)).not.toContain('tidegate_approve');
  });
});

test('what people write mentions nobody and is no markup', async () => {
  const nasty = '<!channel> <@U1> <https://evil.example|here> *b* & {{ 7*7 }}';
  await channel().send(now({ title: nasty, summary: nasty }));
  const [message] = slack.messages;
  expect(message?.text).toContain('&lt;!channel&gt; &lt;@U1&gt;');
  expect(message?.text).not.toMatch(/<|>/);
  // A text element of rich text is taken literally, so that it is not escaped.
  expect(message?.blocks[0]).toMatchObject({
    type: 'rich_text',
    elements: [{ elements: [{ type: 'text', text: nasty }, { type: 'text' }] }],
  });
});

describe('Slack that misbehaves', () => {
  test.each(['cut', 'mute'] as const)(
    '%s after the post: the message is found again and not repeated',
    async (kind) => {
      const patient = channel({ timeout: '0.3s' });
      for (let n = 0; n < 5; n++) await channel().send(now({ rolloutId: `before-${n}`, seq: 1 }));
      slack.next({ kind, method: 'POST' });
      await expect(patient.send(now({ seq: 1 }), { repeated: false })).rejects.toMatchObject({
        code: 'CHANNEL_FAILED',
      });
      await channel().send(now({ seq: 1 }), { repeated: true });
      slack.next({ kind, method: 'POST' });
      await patient.send(now({ seq: 2 }), { repeated: false }).catch(refused);
      await channel().send(now({ seq: 2 }), { repeated: true });
      const ours = slack.messages.slice(5);
      expect(ours.map(({ thread_ts }) => thread_ts)).toEqual([undefined, ours[0]?.ts]);
    },
  );

  test('a repetition of what did not arrive is posted', async () => {
    await channel().send(now({ seq: 1 }), { repeated: true });
    await channel().send(now({ seq: 2 }), { repeated: true });
    expect(slack.messages).toHaveLength(2);
  });

  test('429 is told with the time that Slack asks for', async () => {
    slack.next({ kind: 'instead', method: 'POST', answer: { status: 429, headers: { 'retry-after': '7' } } });
    await expect(channel().send(now())).rejects.toMatchObject({
      code: 'CHANNEL_FAILED',
      retryAfterMs: 7000,
      message: 'Channel chat: Slack asks to wait 7 s',
    });
    expect(slack.messages).toEqual([]);
  });

  test.each([
    [{ status: 200, body: { ok: false, error: 'not_in_channel' } }, /invite it/],
    [{ status: 200, body: { ok: false, error: 'fatal_error' } }, /Slack answers fatal_error/],
    [{ status: 503, body: {} }, /503/],
  ])('%o is told in words', async (answer, said) => {
    slack.next({ kind: 'instead', method: 'POST', answer });
    await expect(channel().send(now())).rejects.toThrow(said);
  });
});

describe('the check', () => {
  test('posts nothing', async () => {
    await channel().check();
    expect(slack.messages).toEqual([]);
  });

  test('tells a wrong token, without it, and a channel that the app is not in', async () => {
    const error = await channel({ token: 'xoxb-wrong' }).check().catch(refused);
    expect(error).toMatchObject({ message: 'Channel chat: Slack refuses the token' });
    expect(JSON.stringify(error)).not.toContain('xoxb-wrong');
    await expect(channel({ channel: 'C0000000000' }).check()).rejects.toThrow(/not in the channel/);
  });
});

test('the preview is what would be posted, and posts nothing', () => {
  const { text, payload } = channel().preview(now());
  expect(text).toContain('Hard stop');
  expect(payload).toMatchObject({ channel: SLACK_CHANNEL });
  expect(JSON.stringify(payload)).not.toContain(SLACK_TOKEN);
  expect(slack.seen).toEqual([]);
});
