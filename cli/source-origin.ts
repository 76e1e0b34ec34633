import { execFile } from 'node:child_process';
import { basename, resolve } from 'node:path';

/** What a folder is a copy of: the name of its repository and the commit that is checked out; null: it is under no commit. */
export async function originOf(folder: string): Promise<{ repository: string; commit: string | null }> {
  const [remote, top, commit] = await Promise.all([
    git(folder, 'remote', 'get-url', 'origin'),
    git(folder, 'rev-parse', '--show-toplevel'),
    git(folder, 'rev-parse', 'HEAD'),
  ]);
  const name = remote
    ?.replace(/\/+$/, '')
    .split(/[/:]/)
    .at(-1)
    ?.replace(/\.git$/, '');
  const repository = name === undefined || name === '' ? basename(top ?? resolve(folder)) : name;
  return { repository: repository === '' ? 'default' : repository, commit };
}

/** Null where git does not know. */
function git(folder: string, ...args: string[]): Promise<string | null> {
  return new Promise((done) => {
    execFile('git', args, { cwd: folder }, (error, stdout) => done(error === null ? stdout.trim() : null));
  });
}
