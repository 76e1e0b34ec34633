import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flagState } from '../../test/fixtures/flag-state.ts';
import { providerContract } from '../../test/fixtures/provider-contract.ts';
import { SEGMENTS, SWITCH } from '../../test/fixtures/provider-stand.ts';
import { createForeignProvider } from '../foreign.ts';
import { openLatches } from '../latches.ts';
import { saveSnapshot } from '../snapshot.ts';
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

test('what publishes a written file learns what changed, and a write counts once it has ended with 0', async () => {
  const own = await folder();
  const file = join(own, 'production.json');
  const script = join(own, 'publish.sh');
  const config = { run: ['sh', script], env: { WHERE: join(own, 'told') }, timeout: '5s' };
  const published = createFile(
    'gitops',
    FileConfig.parse({ kind: 'file', path: join(own, '{environment}.json'), publish: config }),
    SEGMENTS,
  );
  const tell =
    'echo "$PWD $TIDEGATE_FILE $TIDEGATE_ENVIRONMENT $TIDEGATE_FLAG $TIDEGATE_PERCENT $TIDEGATE_AUTHOR" >> "$WHERE"';
  const order = (percent: number) => ({
    ...at('shown'),
    exposure: { percent, segments: [], variant: null },
    expected: null,
    author: 'ada',
    reason: 'a test; $(touch evil)',
  });
  const told = async () => (await readFile(join(own, 'told'), 'utf8')).trim().split('\n');
  await writeFile(script, tell);
  expect(await published.write(order(5))).toMatchObject({ kind: 'taken' });
  expect(await told()).toEqual([`${await realpath(own)} production.json production shown 5 ada`]);

  await writeFile(script, `${tell}\necho "the remote is away" >&2\nexit 7`);
  const unpublished = {
    code: 'PLATFORM_UNPUBLISHED',
    message: expect.stringContaining('`sh` ended with 7: the remote is away'),
    where: file,
  };
  await expect(published.write(order(25))).rejects.toMatchObject(unpublished);
  await expect(published.read(at('shown'))).rejects.toMatchObject(unpublished);
  // It stands in the file, where a kill would have to stand too.
  expect(await shareOf(file, 'shown')).toBe(25);

  await writeFile(script, tell);
  expect(await published.read(at('shown'))).toMatchObject({ exposure: { percent: 25 } });
  const runs = (await told()).length;
  await published.read(at('shown'));
  expect(await told()).toHaveLength(runs);
  expect(await published.check()).toBe('published by sh');
  await rm(own, { recursive: true, force: true });
});

test('a command that does not end is ended with its children, and one that is not there is named', async () => {
  const own = await folder();
  const run = (command: string[]) =>
    createFile(
      'gitops',
      FileConfig.parse({
        kind: 'file',
        path: join(own, '{environment}.json'),
        publish: { run: command, timeout: '0.3s' },
      }),
      SEGMENTS,
    ).write({
      ...at('slow'),
      exposure: { percent: 5, segments: [], variant: null },
      expected: null,
      author: 'a',
      reason: 'b',
    });
  const pipe = join(own, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  // Ends when nobody has it open for writing any more.
  const gone = readFile(pipe);
  await expect(run(['sh', '-c', `exec 9>${pipe}; sleep 600 & wait`])).rejects.toMatchObject({
    code: 'PLATFORM_UNPUBLISHED',
    message: expect.stringContaining('had not ended after 0.3 s'),
  });
  await gone;
  await expect(run(['/nowhere/publish'])).rejects.toMatchObject({
    code: 'PLATFORM_UNPUBLISHED',
    message: expect.stringContaining('`/nowhere/publish` cannot be run'),
  });
  expect(
    FileConfig.safeParse({ kind: 'file', path: 'x', publish: { run: ['a'], timeout: '1m' } }).success,
  ).toBe(false);
  await rm(own, { recursive: true, force: true });
});

describe('a file whose publishing fails', () => {
  test('has a kill all the same, which is published as soon as that works', async () => {
    const own = await folder();
    const works = join(own, 'works');
    const publish = { run: ['test', '-e', works] };
    const platform = createFile(
      'gitops',
      FileConfig.parse({ kind: 'file', path: join(own, '{environment}.json'), publish }),
      SEGMENTS,
    );
    await writeFile(works, '');
    const target = { environment: 'production', key: 'killed' };
    const order = { ...at('killed'), expected: null, author: 'ada', reason: 'a test' };
    await platform.write({ ...order, exposure: { percent: 25, segments: [], variant: null } });
    const dataDir = await folder();
    await saveSnapshot(dataDir, 'production', [
      flagState(25, 3, { key: 'killed', shape: { ...SWITCH, provider: 'gitops' } }),
    ]);
    const provider = createForeignProvider({
      platform,
      flagStore: null,
      platformStore: null,
      latches: openLatches(dataDir),
      dataDir,
    });
    await rm(works);
    await expect(
      platform.write({ ...order, exposure: { percent: 50, segments: [], variant: null } }),
    ).rejects.toMatchObject({ code: 'PLATFORM_UNPUBLISHED' });
    const latch = { by: 'eve', reason: 'errors', at: new Date(0).toISOString() };
    await expect(provider.kill(target, null, latch)).rejects.toMatchObject({
      code: 'PLATFORM_UNPUBLISHED',
      message: expect.stringContaining('is kept'),
    });
    expect(await shareOf(join(own, 'production.json'), 'killed')).toBe(0);
    await writeFile(works, '');
    await provider.sweep();
    expect(await platform.read(at('killed'))).toMatchObject({ exposure: { percent: 0 } });
    await rm(own, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
  });
});
