import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Failure } from '../plans/failures.ts';
import { schemaRows } from '../test/fixtures/schema-rows.ts';
import { configJsonSchema } from './config-schema.ts';
import { loadConfig, parseConfig } from './load-config.ts';

function failure(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing is wrong');
}

const details = (text: string, env: NodeJS.ProcessEnv = {}) =>
  failure(() => parseConfig(text, 'tidegate.yaml', env)).details;
const example = readFileSync(new URL('../tidegate.example.yaml', import.meta.url), 'utf8');
const secrets = { DATABASE_PASSWORD: 'p', RELEASES_SECRET: 's' };

describe('a configuration', () => {
  it('may be empty: everything has a default', () => {
    expect(parseConfig('', 'x', {})).toMatchObject({ server: { port: 7070 }, channels: { terminal: {} } });
    expect(parseConfig('# nothing\n', 'x', {})).toEqual(parseConfig('{}', 'x', {}));
  });

  it('that is given as an example is valid, with and without what is commented out', () => {
    expect(parseConfig(example, 'x', secrets).database.url).toContain('tidegate:p@');
    const schema = new Ajv2020({ strict: false, formats: { uri: true, email: true } }).compile(
      configJsonSchema(),
    );
    schema(parse(example));
    expect(schema.errors).toBeNull();
    expect(schema({ sources: { default: { ulr: 'x' } } })).toBe(false);
  });

  it('takes variables into values: inside texts, with any character, and as numbers', () => {
    const text = 'server: { port: "${PORT}" }\ntemporal: { apiKey: "${KEY}", namespace: "a-${NS}-$${NS}" }';
    const config = parseConfig(text, 'x', { PORT: '8080', KEY: '12"}: {\n#', NS: 'b' });
    expect(config.server.port).toBe(8080);
    expect(config.temporal).toMatchObject({ apiKey: '12"}: {\n#', namespace: 'a-b-${NS}' });
    expect(parseConfig('temporal: { apiKey: "${KEY}" }', 'x', { KEY: '123' }).temporal.apiKey).toBe('123');
  });
});

describe('a digest', () => {
  it('goes to a channel that is there and on which somebody reads it, at a time and place that are', () => {
    const channels = 'channels: { log: { kind: terminal }, duty: { kind: pagerduty, routingKey: k } }';
    expect(parseConfig(`${channels}\ndigest: { channel: log, weekly: monday }`, 'x', {}).digest).toEqual({
      channel: 'log',
      at: '09:00',
      timezone: 'UTC',
      daily: true,
      weekly: 'monday',
    });
    const wrong = (text: string) => details(`${channels}\ndigest: { ${text} }`)[0];
    expect(wrong('channel: chat')).toContain('there is no channel "chat"');
    expect(wrong('channel: duty')).toContain('nobody reads a digest on pagerduty');
    expect(wrong('channel: log, timezone: Mars/Base')).toContain('is no time zone');
    expect(wrong('channel: log, at: "25:00"')).toContain('09:00');
  });
});

describe('buttons in Slack', () => {
  const chat = 'channels: { chat: { kind: slack, token: xoxb-1, channel: C0123456789, interactive: true } }';
  const users = '{ U0123456789: { name: kim, grants: [approver:on-call@production] } }';

  it('are taken with a signing secret and the people who may press them', () => {
    const text = `${chat}\nslack: { signingSecret: a-secret-of-the-app, users: ${users} }`;
    expect(parseConfig(text, 'x', {}).slack).toEqual({
      signingSecret: 'a-secret-of-the-app',
      users: {
        U0123456789: {
          name: 'kim',
          grants: [{ role: 'approver', as: ['on-call'], environments: ['production'] }],
        },
      },
      hooks: 'https://hooks.slack.com',
    });
  });

  it('that nobody takes, and a webhook in the place of one of ours, are errors', () => {
    expect(details(chat)[0]).toContain('nobody takes what the buttons send');
    expect(details('webhooks: { slack: { secret: 0123456789abcdef } }')[0]).toContain('is taken already');
  });
});

describe('a channel', () => {
  const channel = (text: string) =>
    `channels: { mail: { kind: email, host: smtp.example.com, from: a@b.example, ${text} } }`;

  it('that mails nobody, half an account, or a password for all to read, is an error', () => {
    expect(details(channel('to: []'))[0]).toContain('nobody gets the mails');
    expect(details(channel('to: [c@d.example], password: p'))[0]).toContain('without `user`');
    expect(details(channel('to: [c@d.example], user: u, password: p, tls: off'))[0]).toContain(
      'for all to read',
    );
    expect(details(channel('to: ["c@d.example\\r\\nBcc: e@f.example"]'))[0]).toContain('mail');
  });

  it('takes its password from the environment, and its files from the folder of tidegate.yaml', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-channels-'));
    const file = join(folder, 'tidegate.yaml');
    writeFileSync(file, channel('toFile: tenants, templates: mails, user: u, password: "${MAIL}"'));
    const { channels } = loadConfig(file, { MAIL: 'p}"' });
    expect(channels['mail']).toMatchObject({
      password: 'p}"',
      toFile: join(folder, 'tenants'),
      templates: join(folder, 'mails'),
    });
    rmSync(folder, { recursive: true });
  });
});

describe('flags that other machines can reach', () => {
  it('need tokens, on the port of the API too', () => {
    for (const part of ['flags', 'server']) {
      const open = `${part}: { host: 0.0.0.0`;
      expect(details(`${open} }`)).toEqual([expect.stringContaining('everybody could read the flags')]);
      const closed = part === 'flags' ? `${open}, auth: tokens }` : `${open} }\nflags: { auth: tokens }`;
      expect(parseConfig(closed, 'x', {}).flags.auth).toBe('tokens');
    }
  });
});

describe('what is wrong with a configuration', () => {
  it('is said at once, with places in the file as it was written', () => {
    const text = [
      'server: { prt: 7070 }',
      'temporal:',
      '  apiKey: ${NOT_SET}',
      '  namespace: ${also wrong}',
      'sources:',
      '  default: { url: prometheus:9090, timeout: 10 }',
      '  other: {}',
      'channels:',
      '  pager: { kind: webhok, url: http://x }',
      'log: { level: information }',
    ].join('\n');
    expect(details(text, { OTHER: 'x'.repeat(200) })).toEqual([
      'tidegate.yaml:1:11: server.prt: there is no `prt` here. Instead: did you mean `port`?',
      'tidegate.yaml:3:11: the environment has no NOT_SET. Instead: set it where tidegate is started, or write the value itself',
      'tidegate.yaml:4:14: ${also wrong} names no variable. Instead: letters, digits and _, such as ${API_TOKEN}; $${...} for the text itself',
      'tidegate.yaml:6:19: sources.default.url: "prometheus:9090" is no http address. Instead: a http address such as http://127.0.0.1:9090',
      'tidegate.yaml:6:45: sources.default.timeout: 10 is no duration. Instead: a unit with it: 10s, 10m, 10h or 10d',
      'tidegate.yaml:7:10: sources.other.url: `url` is missing. Instead: add `url:` with a http address such as http://127.0.0.1:9090',
      'tidegate.yaml:9:18: channels.pager.kind: "webhok" does not fit here. Instead: webhook',
      'tidegate.yaml:10:15: log.level: "information" does not fit here. Instead: one of trace, debug, info, warn, error, fatal, silent',
    ]);
  });

  it('is said of parts that contradict each other', () => {
    const text = [
      'server: { port: 8015 }',
      'temporal: { tls: { cert: a.pem } }',
      'sources: { default: { url: http://x, bearer: a, basic: { username: b, password: c } } }',
    ].join('\n');
    expect(details(text).map((line) => line.split(':').slice(1, 4).join(':'))).toEqual(
      ['2:20: temporal.tls.cert', '3:49: sources.default.basic', '1:1: flags.syncPort'].sort(),
    );
  });

  it('never shows a value of the environment', () => {
    const text =
      'sources: { default: { url: "${SECRET}" } }\nlog:\n  level: ${SECRET}\nserver: { port: "${SECRET}" }';
    const said = details(text, { SECRET: 'hunter2' });
    expect(said).toHaveLength(3);
    expect(said.join()).not.toContain('hunter2');
    expect(said.join()).toContain('${SECRET}');
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('finds its files from its own folder', () => {
    const file = join(folder, 'tidegate.yaml');
    writeFileSync(file, 'temporal: { tls: { ca: ca.pem } }\nlog: { file: logs/t.log }\n');
    const config = loadConfig(file, {});
    expect(config.data).toBe(join(folder, '.tidegate'));
    expect(config.log.file).toBe(join(folder, 'logs/t.log'));
    expect(config.temporal.tls?.ca).toBe(join(folder, 'ca.pem'));
  });

  it('must be there and readable when it is named', () => {
    expect(failure(() => loadConfig(join(folder, 'none.yaml'), {})).code).toBe('USAGE');
    expect(failure(() => loadConfig(folder, {})).code).toBe('USAGE');
  });
});

it('docs/configuration.md has every field as it is, and no other', () => {
  const text = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| `[a-z]/.test(line));
  expect(rows).toEqual(schemaRows(configJsonSchema()));
});
