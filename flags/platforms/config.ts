import { z } from 'zod';
import { Duration } from '../../plans/units.ts';

const Url = z
  .url({ protocol: /^https?$/ })
  .meta({ title: 'http address', examples: ['https://unleash.example.com'] });
const timeout = Duration.prefault('3s').describe('How long one request may take.');
const environments = z
  .record(z.string(), z.string())
  .default({})
  .describe('Its names of environments, by the name in plans. Default: the same name.');

export const UnleashConfig = z.strictObject({
  kind: z.literal('unleash').describe('Unleash by its admin API.'),
  url: Url.describe('Where the platform listens, without `/api`; the default is LaunchDarkly’s.'),
  token: z.string().min(1).describe('Token for its API.'),
  project: z.string().min(1).default('default').describe('Its project.'),
  environments,
  timeout,
});
export type UnleashConfig = z.infer<typeof UnleashConfig>;

const token = z.string().min(1);

export const LaunchDarklyConfig = z.strictObject({
  kind: z.literal('launchdarkly').describe('LaunchDarkly by its REST API.'),
  url: Url.default('https://app.launchdarkly.com').describe(
    'Where the platform listens, without `/api`; the default is LaunchDarkly’s.',
  ),
  token: token.describe('Token for its API.'),
  project: z.string().min(1).default('default').describe('Its project.'),
  environments,
  contextKind: z.string().min(1).default('user').describe('The kind of context that the share is taken of.'),
  timeout,
});
export type LaunchDarklyConfig = z.infer<typeof LaunchDarklyConfig>;

export const AzureConfig = z.strictObject({
  kind: z.literal('azure').describe('Azure App Configuration by its REST API.'),
  url: Url.describe('Where the platform listens, without `/api`; the default is LaunchDarkly’s.'),
  id: token.describe('Id of the access key.'),
  secret: z
    .string()
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'expected base64')
    .describe('Signs the requests.'),
  environments,
  timeout,
});
export type AzureConfig = z.infer<typeof AzureConfig>;

export const WebhookConfig = z.strictObject({
  kind: z.literal('webhook').describe('A service of yours that speaks the contract of docs/platforms.md.'),
  url: Url.describe('Where the platform listens, without `/api`; the default is LaunchDarkly’s.'),
  secret: token.describe('Signs the requests.'),
  step: z.number().min(0.01).max(100).default(0.01).describe('The smallest step of the share, in percent.'),
  segments: z.boolean().default(false).describe('Whether the service knows segments by their names.'),
  timeout,
});
export type WebhookConfig = z.infer<typeof WebhookConfig>;

/** Shorter than a lock counts as left behind (flags/lock.ts). */
const LONGEST_PUBLISH_S = 15;
export const PublishConfig = z.strictObject({
  run: z
    .array(z.string())
    .min(1)
    .describe('Program and arguments, run in the file’s folder after each write; it must do no harm twice.'),
  env: z.record(z.string(), z.string()).default({}).describe('Its environment, beside PATH and HOME.'),
  timeout: Duration.prefault('10s')
    .refine((seconds) => seconds <= LONGEST_PUBLISH_S, 'expected at most 15s')
    .describe('It ends, with its children, after this long; 15s at most.'),
});
export type PublishConfig = z.infer<typeof PublishConfig>;

export const FileConfig = z.strictObject({
  kind: z.literal('file').describe('A file of flags in the format of flagd, for GitOps or a ConfigMap.'),
  path: z.string().min(1).describe('The file; `{environment}` in it is the environment of the plan.'),
  publish: PublishConfig.optional().describe(
    'What brings a written file to where it is read, such as a commit.',
  ),
});
export type FileConfig = z.infer<typeof FileConfig>;

export const ObserveConfig = z.strictObject({
  kind: z.literal('observe').describe('Reads what somebody else moves, and moves nothing.'),
  of: z.string().min(1).describe('The provider whose flags are read.'),
});
export type ObserveConfig = z.infer<typeof ObserveConfig>;

/** One flag platform of `providers` in tidegate.yaml. */
export const ProviderConfig = z.discriminatedUnion('kind', [
  UnleashConfig,
  LaunchDarklyConfig,
  AzureConfig,
  WebhookConfig,
  FileConfig,
  ObserveConfig,
]);
export type ProviderConfig = z.infer<typeof ProviderConfig>;
export type ProviderConfigs = Record<string, ProviderConfig>;
