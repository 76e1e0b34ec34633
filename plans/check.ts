import { z } from 'zod';
import { Name } from './names.ts';
import { Duration, Percentage } from './units.ts';

const HttpCheck = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected an address such as https://status.example.com/ready' })
    .meta({ title: 'http address', examples: ['https://status.example.com/ready'] })
    .describe(
      'What is asked; its host is one of `checks.hosts` in tidegate.yaml. Redirects are not followed.',
    ),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT']).default('GET'),
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe('Sent with it. `${NAME}` is a secret that tidegate.yaml has for that host.'),
  body: z.string().optional().describe('Sent with POST and PUT.'),
  expectStatus: z.int().min(100).max(599).default(200).describe('The status that it answers with.'),
  expectBody: z.string().min(1).optional().describe('A text that stands in the answer.'),
});
export type HttpCheck = z.infer<typeof HttpCheck>;

const SqlCheck = z.strictObject({
  database: z.string().min(1).describe('One of `checks.databases` in tidegate.yaml.'),
  query: z.string().min(1).describe('One statement that reads; it runs in a transaction that cannot write.'),
  expect: z
    .strictObject({
      rows: z.int().min(0).max(10_000).optional().describe('So many rows come.'),
      value: z
        .union([z.number(), z.string(), z.boolean()])
        .optional()
        .describe('The first column of the first row.'),
      agree: z
        .union([z.literal('exactly'), Percentage])
        .optional()
        .describe(
          'The columns of each row are the same number, or differ by at most this share of the largest.',
        ),
    })
    .describe('Exactly one of the three.'),
});
export type SqlCheck = z.infer<typeof SqlCheck>;

/** A question of the plan's own, asked before a stage opens. */
export const Check = z.strictObject({
  name: Name.describe('How people and the journal call the check.'),
  http: HttpCheck.optional().describe('Asks an address.'),
  sql: SqlCheck.optional().describe('Asks a PostgreSQL database.'),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('The name of one of `checks.commands` in tidegate.yaml, and what it is given; it ends with 0.'),
  timeout: Duration.prefault('30s').describe('How long one try may take.'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Further tries, a second apart, before it counts as failed.'),
});
export type Check = z.infer<typeof Check>;

/** What a check asked, what came of it, and how long that took; neither secrets nor whole answers. */
export const CheckAnswer = z.strictObject({
  name: z.string(),
  asked: z.string(),
  ok: z.boolean(),
  came: z.string(),
  /** Of all tries together, in seconds. */
  seconds: z.number(),
  tries: z.int().min(1),
});
export type CheckAnswer = z.infer<typeof CheckAnswer>;

const SECRET = /\$\{([^}]*)\}/g;

/** The secrets that a text of a check names. */
export function secretsIn(text: string): string[] {
  return [...text.matchAll(SECRET)].map(([, name = '']) => name);
}

/** A text with its secrets in their places. */
export function withSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
  return text.replaceAll(SECRET, (_whole, name: string) => secrets[name] ?? '');
}

/** `host:port` of an address, as `checks.hosts` names it: without the port where it is the usual one. */
export function hostOf(url: string): string {
  return new URL(url).host.toLowerCase();
}

/** What tidegate.yaml lets checks ask, by name: what a plan may name. */
export interface KnownChecks {
  /** The names of the secrets of each host. */
  hosts: Readonly<Record<string, readonly string[]>>;
  databases: readonly string[];
  /** Whether a plan may give a command arguments. */
  commands: Readonly<Record<string, { arguments: boolean }>>;
}
