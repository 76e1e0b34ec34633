import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** `keys`: retired flags; `file`: where `tidegate flags retired --json` was written, from the linter's folder. */
export interface ListOptions {
  keys?: string[];
  file?: string;
}

const read = new Map<string, { changed: number; keys: string[] }>();

/** @throws where there is no list, which the linter shows as a fault of its configuration. */
export function retiredKeys({ keys = [], file }: ListOptions, folder: string): ReadonlySet<string> {
  if (file === undefined && keys.length === 0)
    throw new Error('tidegate/no-retired-flags: say which flags are retired, as `keys` or as a `file`.');
  return new Set([...keys, ...(file === undefined ? [] : fromFile(resolve(folder, file)))]);
}

/** Read again when it changed: an editor lints for days. */
function fromFile(path: string): string[] {
  try {
    const changed = statSync(path).mtimeMs;
    const known = read.get(path);
    if (known?.changed === changed) return known.keys;
    const { retired } = JSON.parse(readFileSync(path, 'utf8')) as { retired?: unknown };
    if (!Array.isArray(retired) || !retired.every((key) => typeof key === 'string'))
      throw new Error('it has no list `retired`');
    read.set(path, { changed, keys: retired });
    return retired;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `tidegate/no-retired-flags: ${path} cannot be read (${why}). \`tidegate flags retired --json > ${path}\` writes it.`,
      { cause: error },
    );
  }
}
