import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Exposure } from '../plans/exposure.ts';
import { codeOf, isMissing, readText, writeAtomic } from './files.ts';
import { withLock } from './lock.ts';
import type { FlagTarget } from './provider.ts';

/**
 * An order to lower a flag that PostgreSQL has not heard of yet. `kill` latches the flag when it is carried over,
 * `lower` is a rollout's own write. `exposure` is what to serve until then (null: the flag's own safe exposure),
 * if it is less than what is served now.
 */
export const EmergencyLatch = z.strictObject({
  id: z.string().min(1),
  kind: z.enum(['kill', 'lower']),
  environment: z.string(),
  key: z.string(),
  exposure: Exposure.nullable(),
  by: z.string(),
  reason: z.string(),
  /** ISO 8601. */
  at: z.string(),
  rolloutId: z.string().nullable(),
  epoch: z.number().nullable(),
  /** Of a `lower`: the rollout ends with it. */
  final: z.literal(true).optional(),
});
export type EmergencyLatch = z.infer<typeof EmergencyLatch>;

/** Emergency latches as files below the data folder, shared by all processes on it. */
export interface Latches {
  readonly folder: string;
  /** Durable when it returns. A newer latch of the same kind replaces the one before. */
  put(latch: EmergencyLatch): Promise<void>;
  /** Takes a latch back; one that has replaced it meanwhile stays. */
  remove(latch: EmergencyLatch): Promise<void>;
  /** The latches of one flag, a kill first. */
  of(target: FlagTarget): Promise<EmergencyLatch[]>;
  list(): Promise<EmergencyLatch[]>;
  /** Runs `work` while no other process works on this flag's latches. */
  exclusively<T>(target: FlagTarget, work: () => Promise<T>): Promise<T>;
}

const KINDS = ['kill', 'lower'] as const;
/** A kill is a file that a person can make by hand: `touch latches/production/my-flag.json`. */
const EXTENSION = { kill: '.json', lower: '.lower' } as const;

/** `dataDir/latches/<environment>/<flag>.json`; nothing is created before the first latch. */
export function openLatches(dataDir: string): Latches {
  const folder = join(dataDir, 'latches');

  const pathOf = ({ environment, key }: FlagTarget, extension: string) =>
    join(folder, encodeURIComponent(environment), encodeURIComponent(key) + extension);

  async function read(target: FlagTarget, kind: EmergencyLatch['kind']): Promise<EmergencyLatch | null> {
    const path = pathOf(target, EXTENSION[kind]);
    const text = await readText(path);
    return text === null ? null : (parse(text) ?? (await byHand(target, kind, path)));
  }

  async function of(target: FlagTarget): Promise<EmergencyLatch[]> {
    const found = await Promise.all(KINDS.map((kind) => read(target, kind)));
    return found.filter((latch) => latch !== null);
  }

  return {
    folder,
    of,
    put: (latch) => writeAtomic(pathOf(latch, EXTENSION[latch.kind]), `${JSON.stringify(latch, null, 2)}\n`),
    async remove(latch) {
      const present = await read(latch, latch.kind);
      if (present?.id === latch.id) await rm(pathOf(latch, EXTENSION[latch.kind]), { force: true });
    },
    async list() {
      const environments = await names(folder);
      const lists = await Promise.all(
        environments.map(async (environment) => {
          const files = await names(join(folder, environment));
          const keys = new Set(files.flatMap((file) => keyOf(file) ?? []));
          return Promise.all([...keys].map((key) => of({ environment: decode(environment), key })));
        }),
      );
      return lists.flat(2);
    },
    async exclusively(target, work) {
      const lock = pathOf(target, '.lock');
      await mkdir(join(lock, '..'), { recursive: true });
      return withLock(lock, work);
    },
  };
}

function keyOf(file: string): string | undefined {
  const extension = KINDS.map((kind) => EXTENSION[kind]).find((end) => file.endsWith(end));
  return extension === undefined ? undefined : decode(file.slice(0, -extension.length));
}

/** A name that is not encoded at all was put there by hand and is taken as it stands. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || codeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function parse(text: string): EmergencyLatch | null {
  try {
    return EmergencyLatch.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A file without a readable order is an order all the same: down to the safe exposure. */
async function byHand(
  target: FlagTarget,
  kind: EmergencyLatch['kind'],
  path: string,
): Promise<EmergencyLatch> {
  const made = await stat(path).catch(() => null);
  const at = (made?.mtime ?? new Date(0)).toISOString();
  return {
    id: `by-hand-${at}`,
    kind,
    ...target,
    exposure: null,
    by: 'latch file',
    reason: `Somebody put ${path} there`,
    at,
    rolloutId: null,
    epoch: null,
  };
}
