import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { notification, rememberingLog } from '../test/fixtures/message.ts';
import { SMTP_CA, type SmtpDouble, startSmtp } from '../test/fixtures/smtp.ts';
import { EmailConfig } from './config.ts';
import { createEmail } from './email.ts';
import { createMemory } from './memory.ts';
import { createRenderer } from './renderer.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-email-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let smtp: SmtpDouble;
let memory = createMemory();
beforeEach(async () => {
  smtp = await startSmtp();
  memory = createMemory();
});
afterEach(() => smtp.close());

function email(over: object = {}) {
  const config = EmailConfig.parse({
    kind: 'email',
    host: '127.0.0.1',
    port: smtp.port,
    tls: 'off',
    from: 'Tidegate <tidegate@example.com>',
    to: ['ada@example.com', 'bob@example.com'],
    timeout: '5s',
    ...over,
  });
  return createEmail({ name: 'mail', config, memory, renderer: createRenderer({ log: rememberingLog() }) });
}

function tenants(text: string): string {
  const path = join(folder, 'tenants');
  writeFileSync(path, text);
  return path;
}

describe('a mail', () => {
  test('has a text and an HTML part, goes to all, and says that a machine sent it', async () => {
    await email().send(notification());
    const [mail] = smtp.mails;
    expect(mail?.recipients).toEqual(['ada@example.com', 'bob@example.com']);
    expect(mail?.headers).toMatchObject({
      from: ['Tidegate <tidegate@example.com>'],
      to: ['ada@example.com, bob@example.com'],
      subject: ['Rollout of pricing-v2 in production (pricing-v2-1)'],
      'message-id': ['<pricing-v2-1.7.pager@example.com>'],
      'auto-submitted': ['auto-generated'],
    });
    expect(mail?.body).toContain('Look: tidegate status pricing-v2-1');
    expect(mail?.body).toContain('<code>tidegate status pricing-v2-1</code>');
  });

  test('is one of a thread per rollout, also after a restart', async () => {
    await email().send(notification({ seq: 1 }));
    await email().send(notification({ seq: 2, title: 'Another title' }));
    await email().send(notification({ rolloutId: 'other-1' }));
    const root = smtp.mails[0]?.headers['message-id'];
    expect(smtp.mails[1]?.headers).toMatchObject({
      'in-reply-to': root,
      references: root,
      subject: ['Re: Rollout of pricing-v2 in production (pricing-v2-1)'],
    });
    expect(smtp.mails[0]?.headers['in-reply-to']).toBeUndefined();
    expect(smtp.mails[2]?.headers['in-reply-to']).toBeUndefined();
  });

  test('to the addresses of a file shows none of them, and goes to those who are in it now', async () => {
    const toFile = tenants('# tenants\none@a.example # Shop A\n\ntwo@b.example\none@a.example\n');
    const channel = email({ to: [], toFile });
    expect(channel.takesReports).toBe(false);
    await channel.send(notification({ seq: 1 }));
    tenants('three@c.example\n');
    await channel.send(notification({ seq: 2 }));
    expect(smtp.mails.map(({ recipients }) => recipients)).toEqual([
      ['one@a.example', 'two@b.example'],
      ['three@c.example'],
    ]);
    expect(smtp.mails[0]?.headers['to']).toEqual(['Undisclosed recipients:;']);
    expect(JSON.stringify(smtp.mails[0]?.headers)).not.toContain('a.example');
  });

  test('to more addresses than a server takes at once goes out in parts', async () => {
    const all = Array.from({ length: 250 }, (_, n) => `t${n}@a.example`);
    await email({ to: [], toFile: tenants(all.join('\n')) }).send(notification());
    expect(smtp.mails.map(({ recipients }) => recipients.length)).toEqual([100, 100, 50]);
  });

  test('of a list with other lines is kept, and the lines are named', async () => {
    const toFile = tenants('one@a.example\nnobody\n');
    await expect(email({ toFile }).send(notification())).rejects.toMatchObject({
      code: 'CHANNEL_FAILED',
      details: ['line 2 is no mail address'],
    });
  });
});

describe('people who write titles and reasons', () => {
  test('add no header, no recipient and no markup', async () => {
    const nasty = 'x\r\nBcc: eve@evil.example\r\n\r\n<script>alert(1)</script> {{ 7*7 }} {% raw %}';
    const { rollout } = notification();
    await email().send(
      notification({ title: nasty, summary: nasty, rollout: { ...rollout, title: nasty, owner: '"><b>' } }),
    );
    const [mail] = smtp.mails;
    expect(mail?.recipients).toEqual(['ada@example.com', 'bob@example.com']);
    expect(mail?.headers['bcc']).toBeUndefined();
    expect(mail?.headers['subject']).toHaveLength(1);
    const html = mail?.body.slice(mail.body.indexOf('<!doctype')) ?? '';
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} {% raw %}');
    expect(html).not.toContain('<script');
    expect(html).toContain('owner &quot;&gt;&lt;b&gt;');
  });

  test('cannot bring a channel or a rollout out of the id of a mail', async () => {
    await email().send(notification({ channel: 'a> b\r\n(c)' }));
    expect(smtp.mails[0]?.headers['message-id']).toEqual([
      '<pricing-v2-1.7.a%3E%20b%0D%0A%28c%29@example.com>',
    ]);
  });
});

describe('a server that misbehaves', () => {
  test.each([
    [{ kind: 'data', code: 451, answer: 'Try again later' }, '451 Try again later'],
    [{ kind: 'data', code: 554, answer: 'No spam' }, '554 No spam'],
  ] as const)('%o: the mail is kept with the answer', async (behaviour, answer) => {
    smtp.behave(behaviour);
    await expect(email().send(notification())).rejects.toMatchObject({
      code: 'CHANNEL_FAILED',
      message: expect.stringContaining(answer),
    });
    smtp.behave({ kind: 'fine' });
    await email().send(notification());
    expect(smtp.mails).toHaveLength(1);
  });

  test.each([450, 550])(
    'that refuses one recipient with %i gets the next attempt for that one alone',
    async (code) => {
      smtp.behave({ kind: 'recipient', address: 'bob@example.com', code, answer: 'Not now' });
      await expect(email().send(notification())).rejects.toMatchObject({
        code: 'CHANNEL_FAILED',
        message: 'Channel mail: the server refuses 1 of 2 recipients',
        details: [`${code} Not now`],
      });
      smtp.behave({ kind: 'fine' });
      await email().send(notification());
      await email().send(notification({ seq: 8 }));
      expect(smtp.mails.map(({ recipients }) => recipients)).toEqual([
        ['ada@example.com'],
        ['bob@example.com'],
        ['ada@example.com', 'bob@example.com'],
      ]);
      expect(smtp.mails[1]?.headers['message-id']).toEqual(smtp.mails[0]?.headers['message-id']);
    },
  );

  test('that says nothing is given up in time', async () => {
    smtp.behave({ kind: 'silent' });
    await expect(email({ timeout: '0.2s' }).send(notification())).rejects.toMatchObject({
      message: 'Channel mail: the server does not answer in time',
    });
  });

  test('that breaks off after the mail gets it again under the same id', async () => {
    smtp.behave({ kind: 'cut-after-data' });
    await expect(email().send(notification())).rejects.toMatchObject({ code: 'CHANNEL_FAILED' });
    smtp.behave({ kind: 'fine' });
    await email().send(notification(), { repeated: true });
    const ids = smtp.mails.map(({ headers }) => headers['message-id']?.[0]);
    expect(ids).toEqual(['<pricing-v2-1.7.pager@example.com>', '<pricing-v2-1.7.pager@example.com>']);
  });

  test('that is not there is told as that', async () => {
    const channel = email();
    await smtp.close();
    await expect(channel.check()).rejects.toMatchObject({ message: 'Channel mail: nothing listens there' });
  });
});

describe('TLS and accounts', () => {
  const account = { tls: 'starttls', ca: SMTP_CA, user: 'ada', password: 'pass' };

  test.each(['starttls', 'always'] as const)(
    'with %s the mail is encrypted and the account used',
    async (tls) => {
      if (tls === 'always') {
        await smtp.close();
        smtp = await startSmtp({ secure: true });
      }
      await email({ ...account, tls }).send(notification());
      expect(smtp.mails[0]).toMatchObject({ secure: true, user: 'ada' });
    },
  );

  test('a certificate of nobody who is trusted, or no TLS at all, gets no mail', async () => {
    await expect(email({ ...account, ca: undefined }).send(notification())).rejects.toThrow(
      /no TLS|connection broke/,
    );
    await smtp.close();
    smtp = await startSmtp({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    await expect(email(account).send(notification())).rejects.toThrow(/no TLS/);
    expect(smtp.mails).toEqual([]);
  });

  test('the check logs in, tells a wrong password, and mails nobody', async () => {
    await email(account).check();
    const wrong = email({ ...account, password: 'secret-word' });
    const error = await wrong.check().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringContaining('refuses the account') });
    expect(JSON.stringify(error)).not.toContain('secret-word');
    expect(smtp.mails).toEqual([]);
  });
});

test('the preview has the parts and mails nobody', () => {
  const { text, html } = email().preview(notification());
  expect(text).toMatch(
    /^From: Tidegate <tidegate@example.com>\nTo: ada@example.com, bob@example.com\nSubject: /,
  );
  expect(html).toContain('<h1');
  expect(smtp.mails).toEqual([]);
});

test('a list of tenants with a line that is none of one is refused, with its number', async () => {
  const tenantsFile = tenants('acme ops@acme.example\nglobex\n# none\ninitech ops@initech.example, nobody\n');
  await expect(email({ to: [], tenantsFile }).send(notification())).rejects.toMatchObject({
    code: 'CHANNEL_FAILED',
    details: ['line 2 is no mail address', 'line 4 is no mail address'],
  });
});
