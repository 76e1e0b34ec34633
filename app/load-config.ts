import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readYaml } from '../plans/document.ts';
import { Failure } from '../plans/failures.ts';
import { type Finding, findingText, inOrder } from '../plans/finding.ts';
import { parseBySchema } from '../plans/zod-findings.ts';
import { Config } from './config.ts';
import { fillFrom, numbersFrom } from './config-environment.ts';
import { reviewConfig } from './config-review.ts';

const DEFAULT_FILE = 'tidegate.yaml';

/**
 * Reads `tidegate.yaml`: the file named, else the one in the current folder, else the defaults. Relative paths in it
 * begin at its folder. @throws Failure CONFIG_INVALID with every finding, USAGE when the file cannot be read
 */
export function loadConfig(path: string | undefined, env: NodeJS.ProcessEnv = process.env): Config {
  const file = path ?? DEFAULT_FILE;
  const text = read(file);
  if (text === null) {
    if (path === undefined) return Config.parse({});
    throw new Failure('USAGE', `There is no file ${file}.`, { where: file });
  }
  return withPaths(parseConfig(text, file, env), (name) => resolve(dirname(file), name));
}

/** The configuration of a text; secrets stand in it as `${NAME}` and come from `env`. @throws Failure CONFIG_INVALID */
export function parseConfig(text: string, file: string, env: NodeJS.ProcessEnv): Config {
  const filled = new Set<string>();
  const document = readYaml(text, { file, rule: 'CONFIG-YAML', fill: fillFrom(env, filled) });
  if (!document.readable) throw invalid(file, document.problems);
  const data = document.data ?? {};
  numbersFrom(Config, data, filled);
  const checked = parseBySchema(Config, { ...document, data }, { file, rule: 'CONFIG' });
  // A value whose variable is missing has that finding already.
  const unset = new Set(document.problems.map(({ line, column }) => `${line}:${column}`));
  const findings = checked.findings.filter(({ line, column }) => !unset.has(`${line}:${column}`));
  const notes = checked.kind === 'ok' ? reviewConfig(checked.value, document, file) : [];
  const all = [...document.problems, ...findings, ...notes];
  if (checked.kind === 'ok' && all.length === 0) return checked.value;
  throw invalid(file, all);
}

function invalid(file: string, findings: readonly Finding[]): Failure {
  const details = inOrder(findings).map(findingText);
  const message = `${file} has ${details.length} ${details.length === 1 ? 'error' : 'errors'}.`;
  return new Failure('CONFIG_INVALID', message, { where: file, details });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new Failure('USAGE', `${file} cannot be read.`, { where: file, cause });
  }
}

type Tls = NonNullable<Config['temporal']['tls']>;

/** The configuration with its files found from the folder of `tidegate.yaml`. A certificate may stand there itself. */
function withPaths(config: Config, find: (name: string) => string): Config {
  const optional = (name: string | undefined) =>
    name === undefined || name.includes('-----BEGIN') ? name : find(name);
  const tls = <T extends { tls?: Tls | undefined }>(part: T): T => {
    if (part.tls === undefined) return part;
    const { ca, cert, key } = part.tls;
    return { ...part, tls: { ...part.tls, ca: optional(ca), cert: optional(cert), key: optional(key) } };
  };
  const each = <T>(parts: Record<string, T>, change: (part: T) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, change(part)]));
  return {
    ...config,
    temporal: tls(config.temporal),
    flags: { ...config.flags, ...servedTls(config.flags.tls, optional) },
    sources: each(config.sources, tls),
    channels: each(config.channels, (channel) => channelFiles(channel, optional)),
    providers: each(config.providers, (provider) =>
      provider.kind === 'file' ? { ...provider, path: find(provider.path) } : provider,
    ),
    data: find(config.data),
    log: { ...config.log, file: optional(config.log.file) },
  };
}

const CHANNEL_FILES = ['template', 'templates', 'ca', 'toFile', 'tenantsFile'] as const;

function channelFiles<T extends object>(channel: T, find: (name: string) => string | undefined): T {
  const files: [string, string | undefined][] = Object.entries(channel)
    .filter((entry): entry is [string, string] => CHANNEL_FILES.some((key) => key === entry[0]))
    .map(([key, value]) => [key, find(value)]);
  return { ...channel, ...Object.fromEntries(files) };
}

type ServedTls = NonNullable<Config['flags']['tls']>;

function servedTls(
  tls: ServedTls | undefined,
  find: (name: string) => string | undefined,
): { tls?: ServedTls } {
  if (tls === undefined) return {};
  return { tls: { cert: find(tls.cert) ?? tls.cert, key: find(tls.key) ?? tls.key } };
}
