import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { commandFile } from './paths.ts';

test('a source tree without a build says how to make one, and with one has its command', async () => {
  const tree = await mkdtemp(join(tmpdir(), 'tidegate-tree-'));
  try {
    const from = pathToFileURL(join(tree, 'app', 'paths.ts')).href;
    const failure = (() => {
      try {
        return commandFile(from);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: 'PART_MISSING', details: ['run `node scripts/build.mjs` first'] });
    await mkdir(join(tree, 'dist', 'cli'), { recursive: true });
    await writeFile(join(tree, 'dist', 'cli', 'main.js'), '');
    expect(commandFile(from)).toBe(join(tree, 'dist', 'cli', 'main.js'));
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
});
