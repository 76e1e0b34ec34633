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
  url: Url.describe('Where the platform listens, without `/api`.'),
  token: z.string().min(1).describe('Token for its API, as `${NAME}`.'),
  project: z.string().min(1).default('default').describe('Its project.'),
  environments,
  timeout,
});
export type UnleashConfig = z.infer<typeof UnleashConfig>;
