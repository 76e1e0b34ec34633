import { z } from 'zod';
import { Segment } from '../flags/segments.ts';
import { Duration } from '../plans/units.ts';

const Tls = z.strictObject({
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  serverName: z.string().optional(),
});

export const PrometheusSource = z.strictObject({
  url: z.url(),
  bearer: z.string().optional(),
  basic: z.strictObject({ username: z.string(), password: z.string() }).optional(),
  headers: z.record(z.string(), z.string()).default({}).describe('For example a tenant header.'),
  tls: Tls.optional(),
  settle: Duration.default(1).describe('How long after a window ends its samples are complete.'),
  timeout: Duration.default(10),
});
export type PrometheusSource = z.infer<typeof PrometheusSource>;

export const ChannelConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('terminal') }),
  z.strictObject({
    kind: z.literal('webhook'),
    url: z.url(),
    secret: z.string().optional(),
    headers: z.record(z.string(), z.string()).default({}),
    template: z.string().optional(),
    timeout: Duration.default(10),
  }),
]);
export type ChannelConfig = z.infer<typeof ChannelConfig>;

/** `tidegate.yaml`. Secrets stand as `${ENV}` and are filled in before this schema sees them. */
export const Config = z.strictObject({
  server: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().default(7070) }).prefault({}),
  flags: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      syncPort: z.int().default(8015).describe('flagd sync of the server.'),
      workerSyncPort: z
        .int()
        .default(8016)
        .describe('flagd sync of the worker, for clients that lost the server; 0: none.'),
    })
    .prefault({}),
  temporal: z
    .strictObject({
      address: z.string().default('127.0.0.1:7233'),
      namespace: z.string().default('default'),
      taskQueue: z.string().default('tidegate'),
      apiKey: z.string().optional(),
      tls: Tls.optional(),
    })
    .prefault({}),
  database: z
    .strictObject({ url: z.string().default('postgres://postgres:postgres@127.0.0.1:5432/tidegate') })
    .prefault({}),
  sources: z.record(z.string(), PrometheusSource).default({}),
  segments: z.record(z.string(), Segment).default({}),
  channels: z.record(z.string(), ChannelConfig).default({ terminal: { kind: 'terminal' } }),
  data: z
    .string()
    .default('.tidegate')
    .describe('Folder for the definitions on disk and for kills while PostgreSQL is away.'),
  log: z.strictObject({ level: z.string().default('info'), file: z.string().optional() }).prefault({}),
});
export type Config = z.infer<typeof Config>;
