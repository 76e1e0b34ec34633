import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Failure } from '../plans/failures.ts';

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this account may not read it',
};

/** The text of a plan file, or of standard input for `-`. `PLAN_UNREADABLE` says why not. */
export async function planText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Failure('PLAN_UNREADABLE', `The plan cannot be read: ${WHY[code] ?? code}.`, {
      where: file,
      cause: error,
    });
  }
}
