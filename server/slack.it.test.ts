import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SlackConfig } from '../notify/config.ts';
import { createMemory } from '../notify/memory.ts';
import { createRenderer } from '../notify/renderer.ts';
import { createSlack } from '../notify/slack.ts';
import { GrantText } from '../plans/access.ts';
import { Failure } from '../plans/failures.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import {
  SLACK_CHANNEL,
  SLACK_SIGNING_SECRET,
  SLACK_TOKEN,
  type SlackDouble,
  slackSigned,
  startSlack,
} from '../test/fixtures/slack-double.ts';

const PROGRAM = fileURLToPath(new URL('../test/fixtures/hanging-server-program.ts', import.meta.url));

let server: ApiServer;
let slack: SlackDouble;
const grants = (...texts: string[]) => texts.map((text) => GrantText.parse(text));

beforeAll(async () => {
  slack = await startSlack();
  server = await startApiServer({
    slack: {
      signingSecret: SLACK_SIGNING_SECRET,
      hooks: slack.url,
      users: {
        U0KIM: { name: 'kim', grants: grants('approver:on-call@production', 'operator@production') },
        U0LEA: { name: 'lea', grants: grants('viewer') },
        U0ADA: { name: 'ada', grants: grants('approver:on-call') },
      },
    },
  });
});
afterAll(async () => {
  await server.close();
  await slack.close();
});
afterEach(() => {
  server.engine.refusal = null;
  server.engine.down = false;
  server.engine.decisions.splice(0);
  slack.private.splice(0);
});

/** A rollout with a message in Slack that has buttons; `seq` is the entry that it is about. */
async function shown(flag: string, seq = 1): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ by: 'ada', text: planFor(flag) });
  expect((await server.api('/rollouts', { method: 'POST', headers, body })).status).toBe(201);
  const id = `${flag}-1`;
  const log = rememberingLog();
  const config = SlackConfig.parse({
    kind: 'slack',
    url: `${slack.url}/api/`,
    token: SLACK_TOKEN,
    channel: SLACK_CHANNEL,
    interactive: true,
  });
  const channel = createSlack({
    name: 'chat',
    config,
    memory: createMemory(),
    renderer: createRenderer({ log }),
    log,
  });
  const commands = { Approve: 'approve', 'Roll back': 'rollback', 'Go on': 'resume' };
  const actions = Object.entries(commands).map(([label, name]) => ({
    label,
    command: `tidegate ${name} ${id}`,
    effect: 'Something happens.',
  }));
  await channel.send(notification({ rolloutId: id, seq, at: Date.now(), actions }));
  return id;
}

async function send(body: string, headers: Record<string, string> = slackSigned(body)) {
  const response = await fetch(`${server.url}/api/v1/webhooks/slack`, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}
const fine = { status: 200, text: '' };
const press = (user: string, action: string) => slack.press({ user, action: `tidegate_${action}` });
const message = () => JSON.stringify(slack.messages.at(-1)?.blocks);

describe('a button in Slack', () => {
  test('asks whether the person is sure, and says what it leads to', async () => {
    await shown('sure');
    const buttons = slack.messages
      .at(-1)
      ?.blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    expect(buttons?.map(({ action_id: id, confirm }) => [id, confirm.text.text])).toEqual([
      ['tidegate_approve', 'sure-1 (production): Something happens.'],
      ['tidegate_rollback', 'sure-1 (production): Something happens.'],
      ['tidegate_resume', 'sure-1 (production): Something happens.'],
    ]);
  });

  test('decides as the person whose id it is, through Slack, and the message then says so', async () => {
    const id = await shown('pressed', 7);
    expect(await send(press('U0KIM', 'approve'))).toEqual(fine);
    await expect.poll(message).toContain('kim: approve done');
    expect(message()).not.toContain('tidegate_approve');
    expect(message()).toContain('Hard stop');
    expect(server.engine.told).toContain(`approve ${id} by kim: - accept -`);
    expect(server.engine.decisions).toEqual([
      {
        by: 'kim',
        roles: ['on-call'],
        through: 'slack',
        reason: null,
        accept: null,
        breakGlass: false,
        seen: { seq: 7 },
        requestId: expect.stringMatching(/^v0=/),
      },
    ]);
    expect(slack.private).toEqual([]);
  });

  test('is answered before the rollout has answered', async () => {
    await shown('slow');
    const { act } = server.engine;
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    server.engine.act = async (...request) => {
      await held;
      return act(...request);
    };
    try {
      expect(await send(press('U0KIM', 'rollback'))).toEqual(fine);
      expect(server.engine.decisions).toEqual([]);
      answer();
      await expect.poll(message).toContain('kim: rollback done');
    } finally {
      server.engine.act = act;
      answer();
    }
  });

  test.each([
    ['U0LEA', 'rollback', /lea may not operate NAME in production/],
    ['U0LEA', 'approve', /lea may not approve NAME in production/],
    ['U0ADA', 'resume', /ada may not operate NAME in production/],
    ['U0EVE', 'rollback', /does not know who you are: an operator adds U0EVE to `slack.users`/],
  ])('of %s to %s is refused, and only they are told', async (user, action, said) => {
    const name = `refused-${user.toLowerCase()}-${action}`;
    await shown(name);
    const before = message();
    expect(await send(press(user, action))).toEqual(fine);
    await expect.poll(() => slack.private).toHaveLength(1);
    expect(slack.private[0]).toMatch(new RegExp(said.source.replace('NAME', name)));
    expect(message()).toBe(before);
    expect(server.engine.decisions).toEqual([]);
  });

  test('that the rollout refuses says why, and what was decided since', async () => {
    const id = await shown('late');
    const view = await server.rollouts.get(id);
    if (view?.view == null) throw new Error('no view');
    await server.engine.step(view.view, {
      transition: 'paused',
      summary: 'Paused by lea: <!channel> lunch.',
    });
    server.engine.refusal = new Failure('STATE_STALE', `${id} has gone on since what kim decides upon`);
    expect(await send(press('U0KIM', 'approve'))).toEqual(fine);
    await expect
      .poll(() => slack.private)
      .toEqual([
        'Not done (approve late-1): late-1 has gone on since what kim decides upon. ' +
          'Since this message: Paused by lea: &lt;!channel&gt; lunch.',
      ]);
    server.engine.refusal = new Failure('OWN_ROLLOUT', `ada submitted ${id}`);
    await send(press('U0ADA', 'approve'));
    await expect
      .poll(() => slack.private.at(-1))
      .toContain('Not done (approve late-1): ada submitted late-1. Nobody');
  });

  test('that nobody could carry out is told as not known', async () => {
    await shown('away');
    server.engine.down = true;
    expect(await send(press('U0KIM', 'rollback'))).toEqual(fine);
    await expect.poll(() => slack.private[0]).toContain('Not known to be done (rollback away-1): Temporal');
  });

  test('that is sent again, as it was, decides nothing again', async () => {
    await shown('again');
    const later = press('U0LEA', 'rollback');
    const body = press('U0KIM', 'rollback');
    const headers = slackSigned(body);
    expect(await send(body, headers)).toEqual(fine);
    const replay = await fetch(`${server.url}/api/v1/webhooks/slack`, { method: 'POST', headers, body });
    expect([replay.status, await replay.text()]).toEqual([200, '']);
    expect(replay.headers.get('idempotency-replayed')).toBe('true');
    await expect.poll(message).toContain('kim: rollback done');
    // What comes behind it is answered: nothing is on its way any more.
    await send(later);
    await expect.poll(() => slack.private).toHaveLength(1);
    expect(server.engine.decisions).toHaveLength(1);
  });

  test.each<[string, (body: string) => Record<string, string>]>([
    ['another secret', (body) => slackSigned(body, { secret: 'another secret there' })],
    ['no secret', () => ({ 'content-type': 'application/x-www-form-urlencoded' })],
    ['an old time', (body) => slackSigned(body, { at: Date.now() - 301_000 })],
    ['a time to come', (body) => slackSigned(body, { at: Date.now() + 302_000 })],
    ['a time that is none', (body) => ({ ...slackSigned(body), 'x-slack-request-timestamp': '1e3' })],
    ['the signature of another body', () => slackSigned('payload=%7B%7D')],
  ])('with %s is refused', async (_what, headers) => {
    const body = press('U0KIM', 'rollback');
    expect(await send(body, headers(body))).toMatchObject({
      status: 401,
      text: expect.stringContaining('WEBHOOK_REFUSED'),
    });
    expect(server.engine.decisions).toEqual([]);
  });

  test('as JSON is none', async () => {
    const body = press('U0KIM', 'rollback');
    const headers = { ...slackSigned(body), 'content-type': 'application/json' };
    expect(await send(body, headers)).toMatchObject({ status: 415, text: expect.stringContaining('USAGE') });
    expect(server.engine.decisions).toEqual([]);
  });

  test('of something else is taken and does nothing, and an answer goes to Slack alone', async () => {
    await shown('else');
    const payloads = [
      press('U0KIM', 'party'),
      slack.press({ user: 'U0KIM', action: 'tidegate_rollback', value: '{"rollout":"else-1"}' }),
      new URLSearchParams({ payload: '{"type":"view_submission"}' }).toString(),
      new URLSearchParams({ payload: 'nonsense' }).toString(),
    ];
    for (const body of payloads) expect(await send(body)).toEqual(fine);
    const foreign = press('U0LEA', 'rollback').replaceAll(
      encodeURIComponent(slack.url),
      'https%3A%2F%2Fevil.example',
    );
    expect(await send(foreign)).toEqual(fine);
    expect(server.engine.decisions).toEqual([]);
    expect(slack.private).toEqual([]);
  });
});

describe('a server that dies after its answer to Slack', () => {
  const processes: ChildProcess[] = [];
  afterEach(() => {
    for (const child of processes.splice(0)) child.kill('SIGKILL');
  });

  async function dying(): Promise<{ url: string; child: ChildProcess }> {
    const input = { databaseUrl: server.databaseUrl, hooks: slack.url, signingSecret: SLACK_SIGNING_SECRET };
    const child = spawn(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), PROGRAM, JSON.stringify({ ...input, user: 'U0KIM' })],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    processes.push(child);
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
      child.once('exit', () => reject(new Error('the server ended')));
    });
    return { url, child };
  }

  /** The time goes by in which only the dead server may carry it out. */
  const wait = async (sql: string) => {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  };

  test('leaves the click to another one, which carries it out once', async () => {
    const id = await shown('died');
    const { url, child } = await dying();
    const body = press('U0KIM', 'approve');
    const headers = slackSigned(body);
    const answered = await fetch(`${url}/api/v1/webhooks/slack`, { method: 'POST', headers, body });
    expect(answered.status).toBe(200);
    child.kill('SIGKILL');
    expect(server.engine.decisions).toEqual([]);
    // Slack, or somebody who has recorded it, sends it again: it is known.
    expect(await send(body, headers)).toEqual(fine);
    expect(server.engine.decisions).toEqual([]);
    await wait("update inbound set leased_until = now() where source = 'slack'");
    await expect.poll(message, { timeout: 20_000 }).toContain('kim: approve done');
    expect(server.engine.told.filter((line) => line.startsWith(`approve ${id}`))).toHaveLength(1);
    await wait("update inbound set leased_until = now() where source = 'slack'");
    const { rows } = await wait("select id from inbound where source = 'slack' and work is not null");
    expect(rows).toEqual([]);
    expect(server.engine.decisions).toMatchObject([{ by: 'kim', requestId: headers['x-slack-signature'] }]);
  }, 60_000);

  test('leaves nothing to do once nobody could be told what came of it', async () => {
    await shown('forgotten');
    const { url, child } = await dying();
    const body = press('U0KIM', 'rollback');
    await fetch(`${url}/api/v1/webhooks/slack`, { method: 'POST', headers: slackSigned(body), body });
    child.kill('SIGKILL');
    await wait(
      "update inbound set leased_until = now(), at = now() - interval '31 minutes' where work is not null",
    );
    await expect
      .poll(async () => (await wait('select id from inbound where work is not null')).rows, {
        timeout: 20_000,
      })
      .toEqual([]);
    expect(server.engine.decisions).toEqual([]);
  }, 60_000);
});

test('a server without `slack` takes no buttons', async () => {
  const other = await startApiServer();
  try {
    const body = press('U0KIM', 'rollback');
    for (const secret of [SLACK_SIGNING_SECRET, 'no buttons']) {
      const headers = slackSigned(body, { secret });
      const response = await fetch(`${other.url}/api/v1/webhooks/slack`, { method: 'POST', headers, body });
      expect(response.status).toBe(401);
    }
  } finally {
    await other.close();
  }
});
