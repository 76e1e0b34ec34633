import { z } from 'zod';
import type { KnownChecks } from '../plans/check.ts';
import { GrafanaConfig } from './grafana.ts';

const Host = z.strictObject({
  secrets: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'expected letters, digits and _'), z.string().min(1))
    .default({})
    .describe('What `${NAME}` in the headers of a check becomes, for this host alone.'),
});

const Database = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'expected postgres://user:password@host:port/database')
    .meta({ title: 'PostgreSQL address', examples: ['postgres://user:password@host:5432/database'] })
    .describe('Give it a user that can only read what checks are to see.'),
});

const Command = z.strictObject({
  run: z
    .array(z.string().min(1))
    .min(1)
    .describe('The program and its first arguments; no shell reads them.'),
  arguments: z.boolean().default(false).describe('Whether a plan may add arguments.'),
  env: z.record(z.string(), z.string()).default({}).describe('Its environment, beside PATH and TIDEGATE_*.'),
  folder: z.string().optional().describe('Where it runs. Default: where the worker does.'),
});

/** What checks of plans may ask; what does not stand here they cannot reach. */
export const ChecksConfig = z.strictObject({
  hosts: z
    .record(
      z
        .string()
        .regex(
          /^[a-z0-9.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/,
          'expected host or host:port, in small letters',
        ),
      Host,
    )
    .default({})
    .describe('Hosts that HTTP checks may ask, with the port where it is not the usual one.'),
  databases: z.record(z.string(), Database).default({}).describe('Databases that SQL checks may ask.'),
  commands: z.record(z.string(), Command).default({}).describe('Programs that checks may run on the worker.'),
  grafana: GrafanaConfig.optional().describe(
    'Where dashboards are looked for that a plan asks for before it begins (`before.evidence: [dashboards]`).',
  ),
});
export type ChecksConfig = z.infer<typeof ChecksConfig>;

/** The names that plans may use. */
export function knownChecks({ hosts, databases, commands }: ChecksConfig): KnownChecks {
  const each = <T, U>(all: Readonly<Record<string, T>>, of: (one: T) => U): Record<string, U> =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, of(one)]));
  return {
    hosts: each(hosts, ({ secrets }) => Object.keys(secrets)),
    databases: Object.keys(databases),
    commands: each(commands, ({ arguments: open }) => ({ arguments: open })),
  };
}
