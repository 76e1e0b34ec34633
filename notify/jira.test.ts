import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JIRA, type JiraDouble, startJira } from '../test/fixtures/jira-double.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { JiraConfig } from './config.ts';
import { createJira, issueKey } from './jira.ts';
import { createRenderer } from './renderer.ts';

let jira: JiraDouble;
let log = rememberingLog();
beforeEach(async () => {
  jira = await startJira();
  log = rememberingLog();
});
afterEach(() => jira.close());

function channel(over: object = {}) {
  const config = JiraConfig.parse({ kind: 'jira', url: `${jira.url}/`, ...JIRA, timeout: '2s', ...over });
  return createJira({ name: 'issue', config, renderer: createRenderer({ log }), log });
}

const now = (over: object = {}) => notification({ at: Date.now(), ...over });
const withTicket = (ticket: string | null) => now({ rollout: { ...now().rollout, ticket } });

describe('a comment', () => {
  test('stands on the issue of the plan, with the title first', async () => {
    await channel().send(now());
    expect(jira.comments).toMatchObject([{ issue: 'PAY-1' }]);
    expect(jira.comments[0]?.text).toMatch(
      /^New pricing engine stopped hard in production \(5%\)\nHard stop: errors\./,
    );
    expect(jira.comments[0]?.properties.get('sd.public.comment')).toBeUndefined();
  });

  test('of a service desk may be for the team alone', async () => {
    await channel({ internal: true }).send(now());
    expect(jira.comments[0]?.properties.get('sd.public.comment')).toEqual({ internal: true });
  });

  test('takes what people write as text', async () => {
    const nasty = '[~accountid:5b10] {code} *b* <b> {{ 7*7 }} |a|';
    await channel().send(now({ title: nasty, summary: `\r\n\u2028${nasty}` }));
    expect(jira.comments[0]?.text.split('\n').slice(0, 2)).toEqual([nasty, nasty]);
  });

  test.each([null, '', 'not a ticket', '../../other', 'pay-1', 'https://example.com/x'])(
    'is not written for the ticket %j, and no later message waits for it',
    async (ticket) => {
      await channel().send(withTicket(ticket));
      expect(jira.seen).toEqual([]);
      expect(log.lines.map(({ level }) => level)).toEqual(['info']);
    },
  );
});

test('the key of an issue is found in its address', () => {
  expect(issueKey('https://example.atlassian.net/browse/PAY_2-17?focused=1')).toBe('PAY_2-17');
  expect(issueKey(' PAY-1 ')).toBe('PAY-1');
});

describe('Jira that misbehaves', () => {
  test.each(['cut', 'mute'] as const)(
    '%s after the write: the comment is found and not repeated',
    async (kind) => {
      jira.comment('PAY-1', 'by somebody else');
      jira.next({ kind, method: 'POST' });
      const message = now({ seq: 1 });
      await expect(channel({ timeout: '0.3s' }).send(message)).rejects.toMatchObject({
        code: 'CHANNEL_FAILED',
      });
      jira.comment('PAY-1', 'by somebody else again');
      await channel().send(message, { repeated: true });
      await channel().send(now({ seq: 2 }), { repeated: true });
      expect(jira.comments.filter(({ text }) => text.includes('Hard stop'))).toHaveLength(2);
    },
  );

  test('429 is told with the time that it asks for', async () => {
    jira.next({ kind: 'instead', method: 'POST', answer: { status: 429, headers: { 'retry-after': '12' } } });
    await expect(channel().send(now())).rejects.toMatchObject({ retryAfterMs: 12_000 });
  });

  test('what it refuses is said in its words, without the token', async () => {
    await expect(channel().send(withTicket('PAY-404'))).rejects.toThrow(
      'Channel issue: Jira answers 404: Issue does not exist or you do not have permission to see it.',
    );
    jira.next({
      kind: 'instead',
      method: 'POST',
      answer: { status: 400, body: { errors: { comment: 'too long' } } },
    });
    await expect(channel().send(now())).rejects.toThrow('Channel issue: Jira answers 400: too long');
    const error: unknown = await channel({ token: 'wrong-token' })
      .send(now())
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'Channel issue: Jira answers 401' });
    expect(JSON.stringify(error)).not.toContain('wrong-token');
  });
});

test('the check writes nothing, and tells a wrong token', async () => {
  await channel().check();
  await expect(channel({ token: 'wrong-token' }).check()).rejects.toThrow(/401/);
  expect(jira.seen).toEqual(['GET /rest/api/3/myself', 'GET /rest/api/3/myself']);
});

test('the preview is what would be written, and writes nothing', () => {
  const { text, payload } = channel().preview(now());
  expect(text).toContain('Hard stop');
  expect(payload).toMatchObject({ issue: 'PAY-1', body: { type: 'doc' } });
  expect(jira.seen).toEqual([]);
});
