import { join } from 'node:path';
import { z } from 'zod';
import { SharedSegment } from '../plans/flag/segment.ts';
import { readText, writeAtomic } from './files.ts';

const Kept = z.object({ version: z.literal(1), segments: z.array(SharedSegment) });

/** Keeps the shared segments in `<dataDir>/segments.json`, for a start without PostgreSQL. Nothing to keep: no file. */
export async function saveSegments(dataDir: string, segments: readonly SharedSegment[]): Promise<void> {
  const path = pathOf(dataDir);
  const present = await readText(path);
  const text = `${JSON.stringify({ version: 1, segments })}\n`;
  if (present === text || (present === null && segments.length === 0)) return;
  await writeAtomic(path, text);
}

/** The segments kept below this data folder; none where there is no such file or it cannot be read. */
export async function loadSegments(dataDir: string): Promise<SharedSegment[]> {
  try {
    return Kept.parse(JSON.parse((await readText(pathOf(dataDir))) ?? 'null')).segments;
  } catch {
    return [];
  }
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'segments.json');
}
