import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { referencesIn } from './source-references.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-source-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

it('finds a key in quotes and the uses of its constants, and nothing that is ignored', async () => {
  await write({
    '.gitignore': 'dist/\n*.gen.ts\n',
    'a.py': 'x = 1\nif client.get("new-search", False):\n',
    'keys.ts': "export const NEW_SEARCH = 'new-search';\nexport const OTHER = 'new-search-2';\n",
    'src/use.ts': "import { NEW_SEARCH } from '../keys.ts';\nask(NEW_SEARCH);\nask(NEW_SEARCHES);\n",
    'plain.txt': 'new-search is a flag\n',
    'dist/use.js': "ask('new-search')\n",
    'made.gen.ts': "ask('new-search')\n",
  });
  const found = await referencesIn(folder, ['new-search', 'nowhere']);
  expect(found.map(({ file, line, via }) => [file, line, via])).toEqual([
    ['a.py', 2, null],
    ['keys.ts', 1, null],
    ['src/use.ts', 1, 'NEW_SEARCH'],
    ['src/use.ts', 2, 'NEW_SEARCH'],
  ]);
});

it('finds a key without quotes where it is a whole value or name of YAML, and no other', async () => {
  const named = [
    'flag: new-search',
    '  flag: new-search  # the new path',
    '- new-search',
    '  - - new-search',
    '- flag: new-search',
    'flags: [other, new-search]',
    'flag: { key: new-search, percent: 5 }',
    'new-search:',
    'new-search: true',
    'flag: &search new-search',
    'flag: "new-search"',
  ];
  const others = [
    'flag: new-search-2',
    'flag: my-new-search',
    'flag: newXsearch',
    'text: about new-search',
    'text: new-search is a flag',
    'url: http://host:new-search',
    'flag: new-search#1',
    'flag: new-search:1',
  ];
  await write({
    'deploy/values.yaml': [...named, ...others].join('\n'),
    'windows.yml': 'flag: new-search\r\n',
    'notes.txt': 'flag: new-search\n',
  });
  const found = await referencesIn(folder, ['new-search', 'a.b']);
  const lines = found.filter(({ file }) => file === 'deploy/values.yaml').map(({ text }) => text);
  expect(lines.toSorted()).toEqual(named.map((line) => line.trim()).toSorted());
  expect(found.filter(({ file }) => file !== 'deploy/values.yaml').map(({ file }) => file)).toEqual([
    'windows.yml',
  ]);
});

it('says that a folder is not there', async () => {
  await expect(referencesIn(join(folder, 'none'), ['x'])).rejects.toMatchObject({ code: 'USAGE' });
});
