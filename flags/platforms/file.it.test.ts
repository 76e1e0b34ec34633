import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerContract, SEGMENTS, SWITCH } from '../../test/fixtures/provider-contract.ts';
import { FileConfig } from './config.ts';
import { createFile } from './file.ts';

interface Definition {
  defaultVariant?: string;
  targeting?: { fractional?: unknown[]; if?: unknown[] };
  metadata?: object;
}

const read = async (path: string) =>
  JSON.parse(await readFile(path, 'utf8')) as { flags: Record<string, Definition> };

/** The share by the weights that stand in the file. */
async function shareOf(path: string, key: string): Promise<number> {
  const { [key]: flag } = (await read(path)).flags;
  if (flag?.targeting === undefined) return flag?.defaultVariant === 'on' ? 100 : 0;
  const text = JSON.stringify(flag.targeting);
  const [on = 0, off = 0] = ['on', 'off'].map((name) =>
    Number(new RegExp(`\\["${name}",(\\d+)\\]`).exec(text)?.[1] ?? 0),
  );
  return on + off === 0 ? 0 : (on * 100) / (on + off);
}

async function moveTo(path: string, key: string, percent: number): Promise<void> {
  const document = await read(path);
  const flag = document.flags[key];
  if (flag === undefined) throw new Error('no such flag');
  flag.targeting = {
    fractional: [
      ['on', percent],
      ['off', 100 - percent],
    ],
  };
  flag.defaultVariant = 'off';
  await writeFile(path, JSON.stringify(document));
}

const folder = () => mkdtemp(join(tmpdir(), 'tidegate-file-'));
const platformIn = (dir: string) =>
  createFile('gitops', FileConfig.parse({ kind: 'file', path: join(dir, '{environment}.json') }), SEGMENTS);

providerContract('a file in flagd’s format', async () => {
  const dir = await folder();
  const path = join(dir, 'production.json');
  return {
    platform: platformIn(dir),
    move: (key, percent) => moveTo(path, key, percent),
    who: null,
    served: (key) => shareOf(path, key),
    close: () => rm(dir, { recursive: true, force: true }),
  };
});

let dir: string;
let path: string;
beforeAll(async () => {
  dir = await folder();
  path = join(dir, 'production.json');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const at = (key: string) => ({ environment: 'production', key, shape: SWITCH });
const write = (key: string, percent: number) =>
  platformIn(dir).write({
    ...at(key),
    exposure: { percent, segments: [], variant: null },
    expected: null,
    author: 'ada',
    reason: 'a test',
  });

test('flags that are not of the plan, and how the file is formatted, are nobody’s business', async () => {
  await write('mine', 5);
  const before = await platformIn(dir).read(at('mine'));
  const document = await read(path);
  await writeFile(
    path,
    JSON.stringify({
      $schema: 'x',
      ...document,
      flags: { theirs: { state: 'ENABLED', variants: { a: 1 }, defaultVariant: 'a' }, ...document.flags },
    }),
  );
  expect(await platformIn(dir).read(at('mine'))).toEqual(before);
  await write('mine', 25);
  const after = JSON.parse(await readFile(path, 'utf8')) as object;
  expect(after).toMatchObject({ $schema: 'x', flags: { theirs: { state: 'ENABLED' } } });
});

test('a flagd provider in file mode serves what was written', async () => {
  await write('served', 100);
  const provider = new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: path });
  await OpenFeature.setProviderAndWait('file', provider);
  try {
    const client = OpenFeature.getClient('file');
    expect(await client.getBooleanValue('served', false, { targetingKey: 'ada' })).toBe(true);
    expect(await client.getBooleanValue('mine', true, { targetingKey: '' })).toBe(false);
  } finally {
    await OpenFeature.clearProviders();
  }
});

test('in a git work tree the author of the commit is named', async () => {
  const git = (...args: string[]) => promisify(execFile)('git', ['-C', dir, ...args]);
  await git('init', '-q');
  await write('committed', 5);
  await moveTo(path, 'committed', 50);
  await git('add', '.');
  await git('-c', 'user.name=Mallory', '-c', 'user.email=mallory@example.com', 'commit', '-qm', 'more');
  expect(await platformIn(dir).read(at('committed'))).toMatchObject({
    exposure: { percent: 50 },
    changedBy: 'Mallory <mallory@example.com>',
  });
});

test('a file that is no JSON is said, and not overwritten', async () => {
  await writeFile(join(dir, 'broken.json'), '{ flags');
  const broken = { ...at('any'), environment: 'broken' };
  await expect(platformIn(dir).read(broken)).rejects.toMatchObject({ code: 'PLATFORM_REFUSED' });
  const order = {
    exposure: { percent: 5, segments: [], variant: null },
    expected: null,
    author: 'a',
    reason: 'b',
  };
  await expect(platformIn(dir).write({ ...broken, ...order })).rejects.toMatchObject({
    code: 'PLATFORM_REFUSED',
  });
  expect(await readFile(join(dir, 'broken.json'), 'utf8')).toBe('{ flags');
});
