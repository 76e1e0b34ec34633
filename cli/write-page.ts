import { writeFile } from 'node:fs/promises';
import { Failure } from '../plans/failures.ts';

/** @throws Failure USAGE where the file cannot be written */
export async function writePage(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new Failure('USAGE', `${file} cannot be written.`, {
      cause,
      details: cause instanceof Error ? [cause.message] : [],
    });
  }
}
