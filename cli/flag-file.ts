import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Failure } from '../plans/failures.ts';

/** The text of a file of flags, or of standard input for `-`. `FLAG_FILE_UNREADABLE` says why not. */
export async function flagText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw new Failure('FLAG_FILE_UNREADABLE', `The flags cannot be read: ${why}.`, {
      where: file,
      cause: error,
    });
  }
}
