import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChannelConfig } from '../notify/config.ts';
import { JIRA, type JiraDouble, startJira } from '../test/fixtures/jira-double.ts';
import { type PagerDutyDouble, ROUTING_KEY, startPagerDuty } from '../test/fixtures/pagerduty-double.ts';
import { type Receiver, startReceiver } from '../test/fixtures/receiver.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, type SlackDouble, startSlack } from '../test/fixtures/slack-double.ts';
import { SMTP_CA, type SmtpDouble, startSmtp } from '../test/fixtures/smtp.ts';
import {
  PAGE,
  STATUSPAGE_KEY,
  type StatuspageDouble,
  startStatuspage,
} from '../test/fixtures/statuspage-double.ts';
import { doctorChannels } from './doctor.ts';
import { freePort } from './embedded/ports.ts';

let receiver: Receiver;
let smtp: SmtpDouble;
let slack: SlackDouble;
let pager: PagerDutyDouble;
let page: StatuspageDouble;
let jira: JiraDouble;
let nowhere: string;
beforeAll(async () => {
  receiver = await startReceiver();
  smtp = await startSmtp();
  slack = await startSlack();
  pager = await startPagerDuty();
  page = await startStatuspage();
  jira = await startJira();
  nowhere = `http://127.0.0.1:${await freePort()}`;
});
afterAll(async () => {
  for (const double of [receiver, smtp, slack, pager, page, jira]) await double.close();
});

/** One channel of each kind; `wrong` breaks what each is reached with. */
function channels(wrong: boolean): Record<string, ChannelConfig> {
  const email = {
    host: '127.0.0.1',
    port: smtp.port,
    ca: SMTP_CA,
    user: 'ada',
    from: 'a@b.example',
    to: ['c@d.example'],
  };
  const all = {
    terminal: { kind: 'terminal' },
    webhook: { kind: 'webhook', url: wrong ? nowhere : receiver.url },
    email: { kind: 'email', ...email, password: wrong ? 'no' : 'pass' },
    slack: {
      kind: 'slack',
      url: `${slack.url}/api/`,
      token: wrong ? 'no' : SLACK_TOKEN,
      channel: SLACK_CHANNEL,
    },
    pagerduty: { kind: 'pagerduty', url: pager.url, routingKey: wrong ? 'no' : ROUTING_KEY },
    statuspage: { kind: 'statuspage', url: page.url, token: wrong ? 'no' : STATUSPAGE_KEY, page: PAGE },
    jira: { kind: 'jira', url: jira.url, ...JIRA, ...(wrong ? { token: 'no' } : {}) },
  };
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, ChannelConfig.parse(one)]));
}

async function found(wrong: boolean) {
  const findings = await Promise.all(doctorChannels(channels(wrong)));
  return Object.fromEntries(findings.map(({ target, ok, detail, hint }) => [target, { ok, detail, hint }]));
}

test('doctor tries every kind of channel, and tells nobody', async () => {
  const all = await found(false);
  const kinds = ChannelConfig.options.map(({ shape }) => shape.kind.value);
  expect(Object.entries(all).map(([kind, { ok, detail }]) => [kind, ok, detail])).toEqual(
    kinds.map((kind) => [kind, true, '']),
  );
  expect([smtp.mails, slack.messages, page.incidents, jira.comments]).toEqual([[], [], [], []]);
  expect(pager.incidents.size).toBe(0);
});

test('doctor says of each what is wrong with it', async () => {
  const all = await found(true);
  expect(Object.entries(all).flatMap(([kind, { ok }]) => (ok ? [kind] : []))).toEqual(['terminal']);
  expect(all).toMatchObject({
    webhook: { detail: expect.stringContaining('nothing listens there') },
    email: { detail: expect.stringContaining('refuses the account') },
    slack: { detail: expect.stringContaining('refuses the token') },
    pagerduty: { detail: expect.stringContaining('400') },
    statuspage: { detail: expect.stringContaining('401') },
    jira: { detail: expect.stringContaining('401') },
  });
  for (const { ok, hint } of Object.values(all)) expect(ok || hint !== '').toBe(true);
});
