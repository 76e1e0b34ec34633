import { z } from 'zod';
import { Transition } from '../plans/journal.ts';
import { Duration } from '../plans/units.ts';

const Url = z
  .url({ protocol: /^https?$/ })
  .meta({ title: 'http address', examples: ['https://hooks.example.com/releases'] });
const timeout = Duration.prefault('10s').describe('How long the receiver may take.');
const templates = z
  .string()
  .optional()
  .describe('Folder with templates, `EVENT.FORMAT.njk` and `default.FORMAT.njk`.');

const TerminalConfig = z.strictObject({
  kind: z.literal('terminal').describe('Written to the terminal of the server.'),
});

export const WebhookChannelConfig = z.strictObject({
  kind: z.literal('webhook').describe('Posted as JSON.'),
  url: Url.describe('Where messages are posted. Default: that of Slack, or of PagerDuty.'),
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
  user: z.string().optional().describe('Account on the SMTP server.'),
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
  templates,
  timeout,
});
export type EmailConfig = z.infer<typeof EmailConfig>;

export const SlackConfig = z.strictObject({
  kind: z.literal('slack').describe('Posted to Slack.'),
  url: Url.optional().describe('Where messages are posted. Default: that of Slack, or of PagerDuty.'),
  token: z.string().min(1).describe('Token of the app, `xoxb-...`.'),
  channel: z
    .string()
    .regex(/^[CGD][A-Z0-9]{2,}$/, 'expected the id of a channel, such as C0123456789')
    .describe('Id of the channel, such as C0123456789.'),
  interactive: z.boolean().default(false).describe('Buttons to approve and to roll back.'),
  templates,
  timeout,
});
export type SlackConfig = z.infer<typeof SlackConfig>;

const STEPS = ['critical', 'error', 'warning', 'info', 'acknowledge', 'resolve'] as const;

export const PagerDutyConfig = z.strictObject({
  kind: z.literal('pagerduty').describe('An incident of PagerDuty.'),
  url: Url.optional().describe('Where messages are posted. Default: that of Slack, or of PagerDuty.'),
  routingKey: z.string().min(1).describe('Integration key of an Events API v2 integration.'),
  steps: z
    .partialRecord(Transition, z.enum(STEPS))
    .default({})
    .describe('What an event does to the incident, by the event, where it is not as built in.'),
  templates,
  timeout,
});
export type PagerDutyConfig = z.infer<typeof PagerDutyConfig>;

/** A channel as `tidegate.yaml` has it. `timeout` is in seconds; `ca`, `toFile` and templates are paths. */
export const ChannelConfig = z.discriminatedUnion('kind', [
  TerminalConfig,
  WebhookChannelConfig,
  EmailConfig,
  SlackConfig,
  PagerDutyConfig,
]);
export type ChannelConfig = z.infer<typeof ChannelConfig>;
