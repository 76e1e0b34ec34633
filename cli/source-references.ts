import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { Failure } from '../plans/failures.ts';

/** One place in a source tree that names a flag; `via`: the constant by which it does. */
export interface Reference {
  flag: string;
  file: string;
  /** From 1. */
  line: number;
  text: string;
  via: string | null;
}

const YAML = ['*.yaml', '*.yml'];
const SCRIPTS = ['*.ts', '*.tsx', '*.mts', '*.cts', '*.js', '*.jsx', '*.mjs', '*.cjs'];

/**
 * Where a source tree names flags: the key in quotes in any text file, without quotes as a whole value or name in YAML, and in
 * TypeScript and JavaScript the uses of constants that hold it. What .gitignore leaves out is left out. `PART_MISSING` without git, `USAGE` without the folder.
 */
export async function referencesIn(folder: string, keys: readonly string[]): Promise<Reference[]> {
  const there = await stat(folder).catch(() => null);
  if (there?.isDirectory() !== true)
    throw new Failure('USAGE', `There is no folder ${folder}.`, { where: folder });
  const found: Reference[] = [];
  for (const key of keys) {
    const quoted = [`"${key}"`, `'${key}'`, `\`${key}\``];
    const inQuotes = await search(folder, ['-F', ...quoted.flatMap((text) => ['-e', text])]);
    const bare = await search(folder, ['-E', '-e', bareInYaml(key), '--', ...YAML]);
    const known = new Set(inQuotes.map(({ file, line }) => `${file}:${line}`));
    const direct = [...inQuotes, ...bare.filter(({ file, line }) => !known.has(`${file}:${line}`))];
    const constants = new Map<string, string>();
    for (const { file, line, text } of direct) {
      found.push({ flag: key, file, line, text: text.trim(), via: null });
      const name = /\.[cm]?[jt]sx?$/.test(file) ? constantIn(text, key) : null;
      if (name !== null) constants.set(name, `${file}:${line}`);
    }
    const seen = new Set(direct.map(({ file, line }) => `${file}:${line}`));
    for (const name of constants.keys()) {
      const uses = await search(folder, ['-w', '-F', '-e', name, '--', ...SCRIPTS]);
      for (const { file, line, text } of uses) {
        if (seen.has(`${file}:${line}`)) continue;
        seen.add(`${file}:${line}`);
        found.push({ flag: key, file, line, text: text.trim(), via: name });
      }
    }
  }
  return found;
}

/**
 * As a POSIX expression: the key as a whole scalar of YAML, a value, a name, or an item of a list in either style, perhaps
 * with an anchor or a tag before it or a comment behind it. Not where it is a word of a longer text.
 */
function bareInYaml(key: string): string {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const before =
    '(^[[:space:]]*([-?][[:space:]]+)*|:[[:space:]]+|[[{,][[:space:]]*)([&!][^[:space:]]*[[:space:]]+)*';
  const after = '([[:space:]]*$|[[:space:]]+#|[[:space:]]*[],}]|[[:space:]]*:([[:space:]]|$))';
  return `${before}${escaped}${after}`;
}

/** `const NAME = 'key'`, `NAME: 'key'` of an object, `static readonly NAME = 'key'`; null for any other line. */
function constantIn(text: string, key: string): string | null {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const assigned = new RegExp(
    `([A-Za-z_$][\\w$]*)\\s*(?::\\s*[\\w<>'" |]+)?=\\s*['"\`]${escaped}['"\`]`,
  ).exec(text);
  const member = new RegExp(`([A-Z][A-Z0-9_]+)\\s*:\\s*['"\`]${escaped}['"\`]`).exec(text);
  return assigned?.[1] ?? member?.[1] ?? null;
}

interface Hit {
  file: string;
  line: number;
  text: string;
}

/** git's own search knows .gitignore, in a repository and outside of one. */
function search(folder: string, pattern: readonly string[]): Promise<Hit[]> {
  const at = pattern.indexOf('--');
  const [what, paths] = at === -1 ? [pattern, []] : [pattern.slice(0, at), pattern.slice(at)];
  const args = ['grep', '--no-index', '--exclude-standard', '-nIz', '--no-color', ...what, ...paths];
  return new Promise((resolve, reject) => {
    execFile('git', args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // 1: nothing found.
      if (error === null || error.code === 1) return resolve(hits(stdout));
      const missing = 'code' in error && String(error.code) === 'ENOENT';
      const message = missing
        ? 'git is not installed; it searches the source.'
        : `git grep failed: ${stderr.trim()}`;
      return reject(
        new Failure(missing ? 'PART_MISSING' : 'USAGE', message, { where: folder, cause: error }),
      );
    });
  });
}

/** Lines `file NUL line NUL text`. */
function hits(output: string): Hit[] {
  return output.split('\n').flatMap((row) => {
    const [file, line, ...rest] = row.split('\0');
    if (file === undefined || line === undefined) return [];
    return [{ file, line: Number(line), text: rest.join('\0') }];
  });
}
