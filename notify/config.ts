import { z } from 'zod';
import { EVENTS } from '../plans/journal.ts';
import { Duration } from '../plans/units.ts';

const Url = z
  .url({ protocol: /^https?$/ })
  .meta({ title: 'http address', examples: ['https://hooks.example.com/releases'] });
const timeout = Duration.prefault('10s').describe('How long the receiver may take.');
const ELSEWHERE = 'Where messages are posted. Default: that of Slack, PagerDuty or Statuspage.';
const STEPS_OF_EVENTS = 'What an event does to the incident, by the event, where it is not as built in.';
const TOKEN = 'Token of the account, or of the Slack app, `xoxb-...`.';
const USER = 'Account on the SMTP server, or in Jira.';
const templates = z
  .string()
  .optional()
  .describe('Folder with templates, `EVENT.FORMAT.njk` and `default.FORMAT.njk`.');

const TerminalConfig = z.strictObject({
  kind: z.literal('terminal').describe('Written to the terminal of the server.'),
});

export const WebhookChannelConfig = z.strictObject({
  kind: z.literal('webhook').describe('Posted as JSON.'),
  url: Url.describe(ELSEWHERE),
  secret: z.string().optional().describe('Signs the messages, so that the receiver can tell who sent them.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every message.'),
  template: z.string().optional().describe('File with a template of the text.'),
  templates,
  timeout,
});

const Address = z.email().meta({ title: 'mail address' });

export const EmailConfig = z.strictObject({
  kind: z.literal('email').describe('Mailed by SMTP.'),
  host: z.string().min(1).describe('The SMTP server.'),
  port: z.int().min(1).max(65_535).default(587).describe('Its port.'),
  tls: z
    .enum(['starttls', 'always', 'off'])
    .default('starttls')
    .describe('`starttls`: nothing is sent before TLS; `always`: TLS from the start, as on port 465.'),
  ca: z.string().optional().describe('File with the certificates that are trusted, as PEM.'),
  user: z.string().optional().describe(USER),
  password: z.string().optional().describe('Its password.'),
  from: z
    .string()
    .regex(/^(?:[^\p{Cc}<>@]+ )?<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/u, 'expected Name <name@host>')
    .meta({ title: 'mail address' })
    .describe('The sender, as `name@host` or `Name <name@host>`.'),
  to: z.array(Address).default([]).describe('Who gets the mails.'),
  toFile: z
    .string()
    .optional()
    .describe('File with more addresses, one on each line, who do not see each other.'),
  tenantsFile: z
    .string()
    .optional()
    .describe(
      'File with addresses of tenants, `TENANT ADDRESS ...` on each line: a stage of tenants is told to its own alone.',
    ),
  templates,
  timeout,
});
export type EmailConfig = z.infer<typeof EmailConfig>;

export const SlackConfig = z.strictObject({
  kind: z.literal('slack').describe('Posted to Slack.'),
  url: Url.optional().describe(ELSEWHERE),
  token: z.string().min(1).describe(TOKEN),
  channel: z
    .string()
    .regex(/^[CGD][A-Z0-9]{2,}$/, 'expected the id of a channel, such as C0123456789')
    .describe('Id of the channel, such as C0123456789.'),
  interactive: z.boolean().default(false).describe('Buttons to approve and to roll back.'),
  templates,
  timeout,
});
export type SlackConfig = z.infer<typeof SlackConfig>;

const Event = z.enum(EVENTS);
const STEPS = ['critical', 'error', 'warning', 'info', 'acknowledge', 'resolve', 'change', 'none'] as const;

export const PagerDutyConfig = z.strictObject({
  kind: z.literal('pagerduty').describe('An incident of PagerDuty.'),
  url: Url.optional().describe(ELSEWHERE),
  routingKey: z.string().min(1).describe('Integration key of an Events API v2 integration.'),
  steps: z.partialRecord(Event, z.enum(STEPS)).default({}).describe(STEPS_OF_EVENTS),
  templates,
  timeout,
});
export type PagerDutyConfig = z.infer<typeof PagerDutyConfig>;

export const StatuspageConfig = z.strictObject({
  kind: z.literal('statuspage').describe('An incident of Statuspage, for the public.'),
  url: Url.optional().describe(ELSEWHERE),
  token: z.string().min(1).describe(TOKEN),
  page: z
    .string()
    .regex(/^[a-z0-9]+$/, 'expected the id of a page')
    .describe('Id of the page.'),
  title: z.string().min(1).default('Problem with a new version').describe('The name of incidents.'),
  maintenance: z
    .string()
    .min(1)
    .default('A change is coming')
    .describe('The name of what is announced by `upcoming`.'),
  components: z.array(z.string().min(1)).default([]).describe('Ids of the components that are affected.'),
  componentStatus: z
    .enum(['degraded_performance', 'partial_outage', 'major_outage'])
    .default('degraded_performance')
    .describe('Their status while an incident is open.'),
  deliver: z.boolean().default(true).describe('Whether the subscribers of the page are told.'),
  steps: z
    .partialRecord(
      Event,
      z.enum(['investigating', 'identified', 'monitoring', 'resolved', 'goes-on', 'scheduled', 'none']),
    )
    .default({})
    .describe(STEPS_OF_EVENTS),
  templates,
  timeout,
});
export type StatuspageConfig = z.infer<typeof StatuspageConfig>;

export const JiraConfig = z.strictObject({
  kind: z.literal('jira').describe('Comments on the issue of the plan.'),
  url: Url.describe(ELSEWHERE),
  user: z.string().min(1).describe(USER),
  token: z.string().min(1).describe(TOKEN),
  internal: z.boolean().default(false).describe('Comments that customers of a service desk do not see.'),
  templates,
  timeout,
});
export type JiraConfig = z.infer<typeof JiraConfig>;

/** A channel as `tidegate.yaml` has it. `timeout` is in seconds; `ca`, `toFile` and templates are paths. */
export const ChannelConfig = z.discriminatedUnion('kind', [
  TerminalConfig,
  WebhookChannelConfig,
  EmailConfig,
  SlackConfig,
  PagerDutyConfig,
  StatuspageConfig,
  JiraConfig,
]);
export type ChannelConfig = z.infer<typeof ChannelConfig>;
