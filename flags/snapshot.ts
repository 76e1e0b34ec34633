import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FlagDrill } from '../plans/drill.ts';
import { Exposure } from '../plans/exposure.ts';
import { LIFECYCLES } from '../plans/flag/lifecycle.ts';
import type { FlagSpec } from '../plans/flag/spec.ts';
import type { FlagState } from '../store/flag-contract.ts';
import { isMissing, readText, writeAtomic } from './files.ts';

const State = z.object({
  environment: z.string(),
  key: z.string(),
  exposure: Exposure,
  revision: z.int(),
  epoch: z.int(),
  rolloutId: z.string().nullable(),
  latch: z.object({ by: z.string(), reason: z.string(), at: z.string() }).nullable(),
  /** Files of before had no such field. */
  lease: z.object({ until: z.number(), fallback: Exposure }).nullable().default(null),
  drill: FlagDrill.nullable().default(null),
  /** Nor this one. */
  decommissioned: z
    .object({ rolloutId: z.string(), runbook: z.string().nullable() })
    .nullable()
    .default(null),
  shape: z.object({
    variants: z.record(z.string(), z.json()),
    baseline: z.string(),
    canary: z.string(),
    stickiness: z.string(),
    safe: z.union([z.literal('frozen'), Exposure]).exactOptional(),
    provider: z.string().exactOptional(),
  }),
  // Held against its schema where it is served: one that is not right must not take the other flags of the file away.
  spec: z.custom<FlagSpec>().nullable().default(null),
  live: z.boolean().default(false),
  lifecycle: z.enum(LIFECYCLES).default('Proposed'),
  createdAt: z.number().default(0),
  updatedAt: z.number(),
  updatedBy: z.string(),
});
const Snapshot = z.object({ version: z.literal(1), flags: z.array(State) });

/** Keeps an environment's definitions in `<dataDir>/definitions/<environment>.json`, for a start without PostgreSQL. */
export async function saveSnapshot(
  dataDir: string,
  environment: string,
  flags: readonly FlagState[],
): Promise<void> {
  const path = join(folderOf(dataDir), `${encodeURIComponent(environment)}.json`);
  await writeAtomic(path, `${JSON.stringify({ version: 1, flags })}\n`);
}

/** Every definition kept below this data folder. A file that cannot be read is named to `onBroken` and left out. */
export async function loadSnapshots(
  dataDir: string,
  onBroken: (file: string) => void = () => undefined,
): Promise<FlagState[]> {
  const folder = folderOf(dataDir);
  const files = (await names(folder)).filter((file) => file.endsWith('.json'));
  const lists = await Promise.all(
    files.map(async (file) => {
      const flags = parse((await readText(join(folder, file))) ?? '');
      if (flags === null) onBroken(join(folder, file));
      return flags ?? [];
    }),
  );
  return lists.flat();
}

function parse(text: string): FlagState[] | null {
  try {
    return Snapshot.parse(JSON.parse(text)).flags;
  } catch {
    return null;
  }
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'definitions');
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
