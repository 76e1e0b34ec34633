import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Exposure } from '../../plans/exposure.ts';
import { Failure } from '../../plans/failures.ts';
import { flagDefinition } from '../definition.ts';
import { isMissing, readText, writeAtomic } from '../files.ts';
import { withLock } from '../lock.ts';
import type { Segments } from '../segments.ts';
import type { FileConfig } from './config.ts';
import type { Platform, PlatformFlag, Sighting } from './platform.ts';
import { createPublisher } from './publish.ts';
import { readAnswer } from './read-answer.ts';

const Document = z.looseObject({ flags: z.record(z.string(), z.json()).default({}) });
const Marked = z.object({ metadata: z.object({ tidegate: z.string() }) });
const Mark = z.object({ exposure: Exposure });
const STRANGE = 'the file is not as Tidegate has written it';

/**
 * A file in flagd's format, as a flagd provider in file mode, flagd itself or a ConfigMap reads it. Only the plan's flag is touched. The flag's
 * metadata say which exposure its targeting stands for; a definition that is not exactly the one made of it was changed by
 * somebody, in a git work tree by the author of the last commit.
 */
export function createFile(name: string, config: FileConfig, segments: Segments): Platform {
  const pathOf = (environment: string) =>
    config.path.replaceAll('{environment}', encodeURIComponent(environment));
  const publisher = config.publish === undefined ? null : createPublisher(name, config.publish);

  async function load(environment: string): Promise<z.infer<typeof Document>> {
    const text = await readText(pathOf(environment)).catch((cause: unknown) => {
      throw new Failure('PLATFORM_UNREACHABLE', `The file of the provider "${name}" cannot be read.`, {
        where: pathOf(environment),
        cause,
      });
    });
    return text === null || text.trim() === '' ? { flags: {} } : readAnswer(name, Document, text);
  }

  function definitionOf(flag: PlatformFlag, exposure: Exposure): object {
    const { environment, key, shape } = flag;
    const bare = { environment, key, shape, exposure, revision: 0, epoch: 0, rolloutId: null, latch: null };
    const definition = flagDefinition(bare, segments);
    return { ...definition, metadata: { environment, tidegate: JSON.stringify({ exposure }) } };
  }

  async function see(flag: PlatformFlag, there: unknown): Promise<Sighting> {
    const text = canonical(there);
    const version = createHash('sha256').update(text).digest('base64url').slice(0, 22);
    const exposure = markOf(there);
    if (exposure !== null && canonical(definitionOf(flag, exposure)) === text)
      return { exposure, version, changedBy: null };
    const changedBy = await gitAuthor(pathOf(flag.environment));
    return { exposure: strange(there, flag), version, changedBy };
  }

  /** @throws Failure PLATFORM_UNPUBLISHED */
  async function published(environment: string): Promise<void> {
    if (publisher === null) return;
    const path = pathOf(environment);
    if (await publisher.owes(path)) await withLock(`${path}.lock`, () => publisher.pay(path));
  }

  async function read(flag: PlatformFlag): Promise<Sighting | null> {
    // A write that was not published is not served yet: it counts once it is.
    await published(flag.environment);
    const { flags } = await load(flag.environment);
    const there = flags[flag.key];
    if (there === undefined) return null;
    const sighting = await see(flag, there);
    // Committed by somebody, if the file is in a work tree and clean; our own writes are not.
    return { ...sighting, changedBy: sighting.changedBy ?? (await gitAuthor(pathOf(flag.environment))) };
  }

  return {
    name,
    kind: 'file',
    where: config.path,
    uniqueVersions: false,
    can: {
      moves: true,
      creates: true,
      step: 0.01,
      segments: 'attributes',
      stickiness: 'any',
      variants: true,
      compareAndSet: true,
      tellsWho: true,
    },
    read,
    async write(write) {
      const { exposure, expected, environment, key } = write;
      refuse(exposure, segments);
      const path = pathOf(environment);
      try {
        return await withLock(`${path}.lock`, async () => {
          const document = await load(environment);
          const there = document.flags[key];
          const version = there === undefined ? null : (await see(write, there)).version;
          if (expected !== null && version !== expected) return { kind: 'conflict' };
          const definition = definitionOf(write, exposure);
          const next = { ...document, flags: { ...document.flags, [key]: definition } };
          const { author, reason } = write;
          const { percent } = exposure;
          await publisher?.owe(path, { environment, key, percent, author, reason });
          await writeAtomic(path, `${JSON.stringify(next, null, 2)}\n`);
          await publisher?.pay(path);
          return { kind: 'taken', sighting: await see(write, definition) };
        });
      } catch (cause) {
        if (cause instanceof Failure) throw cause;
        throw new Failure('PLATFORM_UNREACHABLE', `The file of the provider "${name}" cannot be written.`, {
          where: path,
          cause,
        });
      }
    },
    lacks: async () => [],
    async check() {
      const folder = dirname(
        config.path.split('{environment}')[0] === config.path ? config.path : dirname(config.path),
      );
      await access(folder, constants.W_OK).catch((cause: unknown) => {
        const what = isMissing(cause) ? 'is not there' : 'cannot be written';
        throw new Failure('PLATFORM_UNREACHABLE', `The folder ${folder} ${what}.`, {
          where: config.path,
          cause,
        });
      });
      return config.publish === undefined ? '' : `published by ${config.publish.run[0] ?? ''}`;
    },
  };
}

/** JSON with its keys in order: whoever formats the file anew has not changed the flag. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function markOf(there: unknown): Exposure | null {
  const marked = Marked.safeParse(there);
  if (!marked.success) return null;
  try {
    return Mark.parse(JSON.parse(marked.data.metadata.tidegate)).exposure;
  } catch {
    return null;
  }
}

const Fractional = z.object({ fractional: z.array(z.json()) });
const Plain = z.object({
  state: z.string().optional(),
  defaultVariant: z.string().nullish(),
  targeting: z.json().optional(),
});

/** What a person wrote, as far as it can be told: a plain `fractional` by its weights, everything else by a name of its own. */
function strange(there: unknown, { shape }: PlatformFlag): Exposure {
  const parsed = Plain.safeParse(there);
  const odd = { percent: 0, segments: [STRANGE], variant: null };
  if (!parsed.success) return odd;
  const { state, defaultVariant, targeting } = parsed.data;
  const none =
    targeting === undefined ||
    (typeof targeting === 'object' && targeting !== null && Object.keys(targeting).length === 0);
  if (state === 'DISABLED' || (none && defaultVariant === shape.baseline))
    return { percent: 0, segments: [], variant: null };
  if (none && defaultVariant === shape.canary) return { percent: 100, segments: [], variant: null };
  const split = Fractional.safeParse(targeting);
  if (!split.success || defaultVariant !== shape.baseline) return odd;
  const weights = split.data.fractional.flatMap((entry) =>
    Array.isArray(entry) && typeof entry[0] === 'string' && entry[0] in shape.variants
      ? [{ name: entry[0], weight: typeof entry[1] === 'number' ? entry[1] : 1 }]
      : [],
  );
  const whole = weights.reduce((sum, { weight }) => sum + weight, 0);
  const canary = weights.find(({ name }) => name === shape.canary)?.weight ?? 0;
  const known = weights.every(({ name }) => name === shape.canary || name === shape.baseline);
  return whole > 0 && known ? { percent: (canary / whole) * 100, segments: [], variant: null } : odd;
}

function refuse({ percent, segments: wanted }: Exposure, segments: Segments): void {
  if (percent < 0 || percent > 100 || Math.abs(percent * 100 - Math.round(percent * 100)) > 1e-6)
    throw new Failure(
      'FLAG_UNSUPPORTED',
      `flagd is moved by hundredths of a percent: ${percent} % cannot be served.`,
    );
  const unknown = wanted.filter((one) => !Object.hasOwn(segments, one));
  if (unknown.length > 0)
    throw new Failure('FLAG_UNSUPPORTED', `The segment "${unknown.join('", "')}" is not in tidegate.yaml.`);
}

/** Who committed the file last, if it stands in a git work tree as it was committed. */
async function gitAuthor(path: string): Promise<string | null> {
  const git = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(
      'git',
      ['-C', dirname(path), ...args, '--', basename(path)],
      {
        timeout: 2_000,
      },
    );
    return stdout.trim();
  };
  try {
    if ((await git('status', '--porcelain')) !== '') return null;
    const author = await git('log', '-1', '--format=%an <%ae>');
    return author === '' ? null : author;
  } catch {
    return null;
  }
}
