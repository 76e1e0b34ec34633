import { afterEach, beforeEach, expect, test } from 'vitest';
import { drilldown } from '../analysis/drilldown.ts';
import { observe, openEvidence } from '../analysis/gate.ts';
import type { CohortCounts } from '../plans/breakdown.ts';
import type { Notification } from '../plans/journal.ts';
import type { CohortSample } from '../plans/sample.ts';
import { assessment, planOf, World } from '../rollout/world.fixture.ts';
import { rememberingLog } from '../test/fixtures/message.ts';
import { SLACK_CHANNEL, SLACK_TOKEN, type SlackDouble, startSlack } from '../test/fixtures/slack-double.ts';
import { type SmtpDouble, startSmtp } from '../test/fixtures/smtp.ts';
import { EmailConfig, SlackConfig } from './config.ts';
import { createEmail } from './email.ts';
import { createMemory } from './memory.ts';
import { createRenderer } from './renderer.ts';
import { createSlack } from './slack.ts';

let slack: SlackDouble;
let smtp: SmtpDouble;
beforeEach(async () => {
  slack = await startSlack();
  smtp = await startSmtp();
});
afterEach(async () => {
  await slack.close();
  await smtp.close();
});

const counts = (canary: readonly [number, number], baseline: readonly [number, number]): CohortCounts => ({
  canaryEvents: canary[0],
  canaryTotal: canary[1],
  baselineEvents: baseline[0],
  baselineTotal: baseline[1],
});

/** What a channel is sent of a rollout that is stopped by errors of one endpoint, in the order of the journal. */
function messagesOfStop(): Notification[] {
  const plan = planOf({
    approvals: {},
    metrics: [
      {
        name: 'errors',
        kind: 'ratio',
        bad: 'e',
        total: 'n',
        soft: '+0.1pp',
        hard: '+0.5pp',
        breakdown: ['endpoint'],
      },
    ],
    stages: [{ name: '5%', percent: 5, bake: '10s' }],
    notify: [{ channel: 'chat', events: ['hard-stop'] }],
  });
  const world = new World(plan);
  world.event({ kind: 'begin' });
  world.settle();
  let evidence = openEvidence(plan);
  const cohort = (requests: number, events: number): CohortSample => ({
    requests,
    ratios: { errors: { events, total: requests } },
    histograms: {},
  });
  for (let t = 15; t <= 60; t += 15) {
    const sample = { stage: '5%', t, baseline: cohort(1900, 8), canary: cohort(100, 13) };
    const reading = { kind: 'sample' as const, sample, expressions: {}, queries: [] };
    evidence = observe(evidence, plan, reading, { stageIndex: 0 });
  }
  const since = world.state.stageSince ?? 0;
  world.report(assessment('hard', { metric: 'errors' }), {
    memory: { evidence, since, cursor: 60, cleanSince: null },
  });
  world.settle();
  const question = world.commands.find(({ kind }) => kind === 'explain');
  if (question?.kind !== 'explain') throw new Error('nothing was asked');
  const { of, inquiry } = question.request;
  const [metric] = plan.metrics;
  if (metric === undefined) throw new Error('no metric');
  const four = <T>(one: T) => Array.from({ length: 4 }, () => one);
  const explanation = drilldown(
    {
      from: 0,
      to: 60,
      used: 4,
      rejected: 0,
      times: [60, 45, 30, 15],
      queries: [],
      dimensions: [
        {
          label: 'endpoint',
          values: [
            { value: '/checkout?a=<b>&c', windows: four(counts([12, 20], [1, 380])) },
            { value: '/cart', windows: four(counts([1, 80], [7, 1520])) },
          ],
        },
      ],
    },
    { ...inquiry, baselineG: inquiry.G, metric, replicas: 'instance', timezone: 'UTC', poll: 15 },
  );
  world.event({ kind: 'explained', of, explanation, queries: ['q'] });
  return world.commands.flatMap((command) =>
    command.kind === 'record' ? command.request.notifications : [],
  );
}

const WHY =
  /Why: 9\d % of the excess in errors comes from endpoint=\/checkout\?a=<b>&c \(canary 60 % against 0\.26 %\), 20 % of the canary's requests/;

test('whoever hears of a stop hears where it moved, in the thread and in the mail of the same rollout', async () => {
  const messages = messagesOfStop();
  expect(messages.map(({ event }) => event)).toEqual(['hard-stop', 'explained']);
  const log = rememberingLog();
  const renderer = createRenderer({ log });
  const chat = createSlack({
    name: 'chat',
    config: SlackConfig.parse({
      kind: 'slack',
      url: `${slack.url}/api/`,
      token: SLACK_TOKEN,
      channel: SLACK_CHANNEL,
      timeout: '5s',
    }),
    memory: createMemory(),
    renderer,
    log,
  });
  const mail = createEmail({
    name: 'mail',
    config: EmailConfig.parse({
      kind: 'email',
      host: '127.0.0.1',
      port: smtp.port,
      tls: 'off',
      from: 'Tidegate <tidegate@example.com>',
      to: ['ada@example.com'],
      timeout: '5s',
    }),
    memory: createMemory(),
    renderer,
  });
  for (const message of messages) {
    await chat.send({ ...message, at: Date.now() });
    await mail.send(message);
  }
  const [stop, why] = slack.messages;
  expect(why?.thread_ts).toBe(stop?.ts);
  const shown = (why?.blocks ?? []).flatMap((block) =>
    block.type === 'rich_text'
      ? block.elements.flatMap((section) =>
          section.type === 'rich_text_section'
            ? section.elements.map((part) => (part.type === 'text' ? part.text : ''))
            : [],
        )
      : [],
  );
  // Slack takes a rich text literally: what a label holds is no markup.
  expect(shown.join('')).toMatch(WHY);
  const [, letter] = smtp.mails;
  expect(letter?.headers['in-reply-to']).toEqual(smtp.mails[0]?.headers['message-id']);
  const body = letter?.body ?? '';
  expect(body).toMatch(WHY);
  // The page of the mail has it with its markup taken from it.
  expect(body).toContain('endpoint=/checkout?a=&lt;b&gt;&amp;c (canary 60 % against');
  expect(log.lines).toEqual([]);
});
