import { z } from 'zod';
import { ChecksConfig } from '../checks/config.ts';
import { ProviderConfig } from '../flags/platforms/config.ts';
import { Segment } from '../flags/segments.ts';
import { ChannelConfig } from '../notify/config.ts';
import { DigestConfig } from '../notify/digest-config.ts';
import { GrantText } from '../plans/access.ts';
import { Duration } from '../plans/units.ts';

const Port = z.int().min(0).max(65_535);
const Url = z
  .url({ protocol: /^https?$/ })
  .meta({ title: 'http address', examples: ['http://127.0.0.1:9090'] });
const Headers = z.record(z.string(), z.string()).default({});

const Tls = z
  .strictObject({
    ca: z.string().optional().describe('File with the certificates that are trusted.'),
    cert: z.string().optional().describe('File with the own certificate.'),
    key: z.string().optional().describe('File with the key of the own certificate.'),
    serverName: z.string().optional().describe('Name that the certificate of the other side must have.'),
  })
  .describe('TLS; files are PEM.');

export const PrometheusSource = z.strictObject({
  url: Url.describe('Where Prometheus, or what speaks its API, listens.'),
  bearer: z.string().optional().describe('Token sent as `Authorization: Bearer`.'),
  basic: z
    .strictObject({ username: z.string(), password: z.string() })
    .optional()
    .describe('Name and password; not together with a bearer token.'),
  headers: Headers.describe('Sent with every query, for example a tenant.'),
  tls: Tls.optional(),
  settle: Duration.prefault('1s').describe('How long after a window ends its samples are complete.'),
  timeout: Duration.prefault('10s').describe('How long a query may take.'),
});
export type PrometheusSource = z.infer<typeof PrometheusSource>;

export const WebhookConfig = z.strictObject({
  secret: z
    .string()
    .min(16, 'expected at least 16 characters')
    .describe('What the sender signs with, as Standard Webhooks says.'),
  grants: z
    .array(GrantText)
    .default([{ role: 'operator' }])
    .describe('Whose rollouts it may concern: ROLE[@ENVIRONMENT][/FLAG]. Default: operator.'),
});

/** `tidegate.yaml`. Secrets stand as `${ENV}` and are filled in before this schema sees them. */
export const Config = z.strictObject({
  server: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address that the API listens on.'),
      port: Port.default(7070).describe('Port of the API and of OFREP.'),
      publicUrl: Url.optional().describe(
        'Where browsers reach it, when that is another address; requests to its name are taken.',
      ),
    })
    .prefault({})
    .describe('The HTTP server.'),
  auth: z
    .strictObject({
      local: z
        .boolean()
        .default(true)
        .describe('On loopback: an administrator token of this machine, in a file of the data folder.'),
      adminToken: z
        .string()
        .min(32, 'expected at least 32 characters')
        .optional()
        .describe('A token that may do everything but approve, to make the first others with.'),
      oidc: z
        .strictObject({
          issuer: Url.describe('Address of the identity provider; it is asked for its endpoints.'),
          clientId: z.string().min(1),
          clientSecret: z.string().optional().describe('Without it Tidegate is a public client.'),
          scopes: z.array(z.string()).default(['openid', 'profile', 'email']).describe('What is asked for.'),
          name: z.string().default('email').describe('The claim that names a person in the journal.'),
          groups: z.string().default('groups').describe('The claim with the groups of a person.'),
        })
        .optional()
        .describe('Login of people with OpenID Connect.'),
      groups: z
        .record(z.string(), z.array(GrantText))
        .default({})
        .describe('What the groups of the identity provider may do: ROLE[:AS][@ENVIRONMENT][/FLAG].')
        .meta({ examples: [{ sre: ['operator', 'approver:on-call@production'] }] }),
      session: Duration.prefault('12h').describe('How long a login in a browser counts.'),
    })
    .prefault({})
    .describe('Who may do what.'),
  flags: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address that the sync streams listen on.'),
      syncPort: Port.default(8015).describe('flagd sync of the server.'),
      workerSyncPort: Port.default(8016).describe(
        'flagd sync of the worker, for clients that lost the server; 0: none.',
      ),
      httpPort: Port.default(0).describe(
        'OFREP, event streams and downloads for other machines, on `flags.host`; 0: on the port of the API alone.',
      ),
      auth: z
        .enum(['off', 'tokens'])
        .default('off')
        .describe('`tokens`: who asks for flags shows a token of the environment; needed off loopback.'),
      tls: z
        .strictObject({
          cert: z.string().describe('File with the certificate and those that vouch for it.'),
          key: z.string().describe('File with the key of the certificate.'),
        })
        .optional()
        .describe('TLS of the sync streams and of `flags.httpPort`; files are PEM.'),
      publicUrl: Url.optional().describe(
        'Where clients reach OFREP, where it is not the address that they ask; event streams are named by it.',
      ),
      limit: z
        .number()
        .positive()
        .optional()
        .describe(
          'HTTP requests a second of one token, or of one address without tokens; more are answered 429.',
        ),
      origins: z
        .array(z.string().regex(/^(\*|https?:\/\/[^/]+)$/, 'expected https://host, or *'))
        .default([])
        .describe('Origins of web pages that may ask for flags (CORS).'),
    })
    .prefault({})
    .describe('The embedded flag service.'),
  telemetry: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address that both ports listen on.'),
      serverPort: Port.default(0).describe('`/metrics` of the server, for Prometheus; 0: none.'),
      workerPort: Port.default(0).describe('`/metrics` of the worker; 0: none.'),
    })
    .prefault({})
    .describe('Metrics of Tidegate itself, `tidegate_*`.'),
  temporal: z
    .strictObject({
      address: z.string().default('127.0.0.1:7233').describe('Host and port of the frontend.'),
      namespace: z.string().default('default'),
      taskQueue: z.string().default('tidegate'),
      apiKey: z.string().optional().describe('For Temporal Cloud.'),
      tls: Tls.optional(),
    })
    .prefault({})
    .describe('The Temporal server or Temporal Cloud.'),
  database: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(?:ql)?:\/\//, 'expected postgres://user:password@host:port/database')
        .default('postgres://postgres:postgres@127.0.0.1:5432/tidegate')
        .meta({ title: 'PostgreSQL address', examples: ['postgres://user:password@host:5432/tidegate'] }),
    })
    .prefault({})
    .describe('The PostgreSQL database.'),
  sources: z
    .record(z.string(), PrometheusSource)
    .default({})
    .describe('Where metrics come from, by the name in plans.'),
  providers: z
    .record(z.string(), ProviderConfig)
    .default({})
    .describe('Flag platforms beside the embedded one, by the name in `flag.provider`.'),
  holidays: z
    .record(z.string(), z.array(z.iso.date()))
    .default({})
    .describe('Lists of closed days, by the name in `windows.holidays` of plans.')
    .meta({ examples: [{ berlin: ['2026-12-25', '2026-12-26'] }] }),
  checks: ChecksConfig.prefault({}).describe('What the checks of plans may ask.'),
  segments: z.record(z.string(), Segment).default({}).describe('Audiences of stages, by the name in plans.'),
  channels: z
    .record(z.string(), ChannelConfig)
    .default({ terminal: { kind: 'terminal' } })
    .describe('Who can be told, by the name in plans.'),
  webhooks: z
    .record(z.string(), WebhookConfig)
    .default({})
    .describe('Who may send alerts and deployments to /api/v1/webhooks/NAME.'),
  digest: DigestConfig.optional().describe('A message about all rollouts, each day or week.'),
  slack: z
    .strictObject({
      signingSecret: z
        .string()
        .min(16, 'expected at least 16 characters')
        .describe('The signing secret of the app.'),
      users: z
        .record(
          z.string().regex(/^[UW][A-Z0-9]{2,}$/, 'expected the id of a member, such as U0123456789'),
          z.strictObject({
            name: z.string().min(1).describe('Who that is in the journal: the name of their token or login.'),
            grants: z.array(GrantText).min(1).describe('What they may do: ROLE[:AS][@ENVIRONMENT][/FLAG].'),
          }),
        )
        .default({})
        .describe('Who may press buttons, by the id of the member.'),
      hooks: Url.transform((text) => new URL(text).origin)
        .prefault('https://hooks.slack.com')
        .describe('Where Slack takes answers; GovSlack has another.'),
    })
    .optional()
    .describe('Buttons in messages of Slack, taken at /api/v1/webhooks/slack.'),
  data: z
    .string()
    .min(1)
    .default('.tidegate')
    .describe('Folder for the definitions on disk and for kills while PostgreSQL is away.'),
  log: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
      file: z.string().optional().describe('File for the log; without it, standard error.'),
    })
    .prefault({}),
});
export type Config = z.infer<typeof Config>;
