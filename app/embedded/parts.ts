import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';

/** Absolute paths of the programs that the embedded parts run. */
const Parts = z.object({ temporal: z.string(), prometheus: z.string(), promtool: z.string() });
export type Parts = z.infer<typeof Parts>;

export interface FindPartsOptions {
  /** A line for people at each slow step: what happens and how long it usually takes. */
  onProgress?: (line: string) => void;
}

/**
 * Finds Temporal's development server, Prometheus and promtool on this machine, or fetches them into the user's
 * cache folder. @throws Failure PART_MISSING with what to install
 */
export async function findParts({ onProgress = () => undefined }: FindPartsOptions = {}): Promise<Parts> {
  const child = spawn(process.execPath, [setupScript(), '--for', 'parts', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    onProgress(line);
  });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) {
    throw new Failure('PART_MISSING', 'a part that Tidegate needs is not on this machine', {
      details: said.slice(-12),
    });
  }
  return Parts.parse(JSON.parse(answer));
}

/** The same file serves the clone (`app/embedded`) and the package (`dist/app/embedded`). */
function setupScript(): string {
  for (const up of ['../../', '../../../']) {
    const path = fileURLToPath(new URL(`${up}scripts/setup.mjs`, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new Failure('PART_MISSING', 'scripts/setup.mjs is missing from this installation');
}
