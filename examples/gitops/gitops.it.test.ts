import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseConfig } from '../../app/load-config.ts';
import { schemaFault } from '../../flags/flagd-schema.ts';
import { FileConfig } from '../../flags/platforms/config.ts';
import { createFile } from '../../flags/platforms/file.ts';
import { parsePlan } from '../../plans/parse.ts';
import { SWITCH } from '../../test/fixtures/provider-stand.ts';

const example = fileURLToPath(new URL('./', import.meta.url));
const run = promisify(execFile);
const quiet = { info() {}, warn() {}, error() {}, debug() {} };
const text = (name: string) => readFile(join(example, name), 'utf8');
const flag = { environment: 'production', key: 'pricing-v2', shape: SWITCH };

let folder: string;
let clone: string;
const git = (...args: string[]) =>
  run('git', ['-C', clone, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args]);

/** The file provider of the example's tidegate.yaml, on a clone of the example. */
async function provider() {
  const { providers } = parse(await text('tidegate.yaml')) as { providers: { gitops: { path: string } } };
  const path = providers.gitops.path.replace('/srv/shop-flags', clone);
  return createFile('gitops', FileConfig.parse({ ...providers.gitops, path }), {});
}
const order = (percent: number) => ({
  ...flag,
  exposure: { percent, segments: [], variant: null },
  expected: null,
  author: 'tidegate (gate)',
  reason: 'stage 2 has passed',
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-gitops-'));
  clone = join(folder, 'clone');
  const bare = join(folder, 'remote.git');
  await run('git', ['init', '--quiet', '--bare', bare]);
  await run('git', ['init', '--quiet', clone]);
  await cp(example, clone, { recursive: true });
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'begin');
  await git('remote', 'add', 'origin', bare);
  await git('push', '--quiet', '--set-upstream', 'origin', 'HEAD');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('its files are what their readers take', async () => {
  expect(schemaFault(await text('flags/production.json'))).toBeNull();
  expect(parseConfig(await text('tidegate.yaml'), 'tidegate.yaml', {})).toMatchObject({
    providers: { gitops: { kind: 'file' } },
  });
  const plan = parsePlan(await text('plan.yaml'), 'plan.yaml');
  expect(plan).toMatchObject({ kind: 'ok', plan: { flag: { key: 'pricing-v2', provider: 'gitops' } } });
  for (const name of ['kustomization.yaml', 'flagd.yaml'])
    for (const document of parseAllDocuments(await text(name))) expect(document.errors).toEqual([]);
});

test('each path leads to the next: the generated ConfigMap, its mount, and what flagd reads', async () => {
  const { resources, configMapGenerator, generatorOptions } = parse(await text('kustomization.yaml'));
  const [{ name, files }] = configMapGenerator;
  for (const path of [...resources, ...files])
    expect([path, existsSync(join(example, path))]).toEqual([path, true]);
  expect(generatorOptions.disableNameSuffixHash).toBe(true);
  const [deployment, service] = parseAllDocuments(await text('flagd.yaml')).map((one) => one.toJS());
  const { containers, volumes } = deployment.spec.template.spec;
  const [{ args, volumeMounts, ports }] = containers;
  expect(volumes).toEqual([{ name: volumeMounts[0].name, configMap: { name } }]);
  // A key of the ConfigMap is the file's own name.
  const read = args.find((one: string) => one.startsWith('file:')).slice('file:'.length);
  expect(files.map((path: string) => `${volumeMounts[0].mountPath}/${path.split('/').at(-1)}`)).toEqual([
    read,
  ]);
  const open = ports.map((one: { containerPort: number }) => one.containerPort);
  for (const { port } of service.spec.ports) expect(open).toContain(port);
  const written = (await provider()).where.replace('{environment}', 'production');
  expect(files.map((path: string) => join(clone, path))).toEqual([written]);
});

test('the flag in it is one that Tidegate has written, so that a rollout finds no drift', async () => {
  expect(await (await provider()).read(flag)).toMatchObject({
    exposure: { percent: 1, segments: [], variant: null },
  });
});

test('a stage is a commit in the remote that says what, why and by whom, and flagd’s provider serves it', async () => {
  const platform = await provider();
  await platform.write(order(10));
  const { stdout } = await git('log', '-1', '--format=%an: %s', '@{upstream}');
  expect(stdout.trim()).toBe(
    'Tidegate: pricing-v2 of production to 10 %: stage 2 has passed (tidegate (gate))',
  );
  expect((await git('status', '--porcelain')).stdout).toBe('');
  const remote = (await git('show', '@{upstream}:flags/production.json')).stdout;
  expect(schemaFault(remote)).toBeNull();
  expect(await platform.read(flag)).toMatchObject({ exposure: { percent: 10 } });
  await platform.write(order(100));
  const offlineFlagSourcePath = join(clone, 'flags/production.json');
  const served = new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath }, quiet);
  await served.initialize();
  expect(await served.resolveBooleanEvaluation('pricing-v2', false, {}, quiet)).toMatchObject({
    value: true,
  });
  await served.onClose();
});

test('a commit of somebody else goes first, and a remote that is away is made up for', async () => {
  const platform = await provider();
  const other = join(folder, 'other');
  await run('git', ['clone', '--quiet', join(folder, 'remote.git'), other]);
  const theirs = ['-C', other, '-c', 'user.name=Bob', '-c', 'user.email=bob@example.com'];
  await run('git', [...theirs, 'commit', '--quiet', '--allow-empty', '--message', 'theirs']);
  await run('git', [...theirs, 'push', '--quiet']);
  await platform.write(order(50));
  expect((await git('log', '-2', '--format=%s', '@{upstream}')).stdout).toMatch(/to 50 %.*\ntheirs\n/);

  await git('remote', 'set-url', 'origin', join(folder, 'away.git'));
  const unpublished = { code: 'PLATFORM_UNPUBLISHED' };
  await expect(platform.write(order(10))).rejects.toMatchObject(unpublished);
  await expect(platform.read(flag)).rejects.toMatchObject(unpublished);
  await git('remote', 'set-url', 'origin', join(folder, 'remote.git'));
  expect(await platform.read(flag)).toMatchObject({ exposure: { percent: 10 } });
  await git('fetch', '--quiet');
  expect((await git('log', '-1', '--format=%s', '@{upstream}')).stdout).toContain('to 10 %');
});

const kubectl = await run('kubectl', ['kustomize', '--help']).then(
  () => '',
  () => ' (skipped: no kubectl)',
);
test.skipIf(kubectl !== '')(
  `kustomize makes a ConfigMap with the definitions as they are${kubectl}`,
  async () => {
    const { stdout } = await run('kubectl', ['kustomize', example]);
    const made = parseAllDocuments(stdout).map((one) => one.toJS());
    const map = made.find(({ kind }) => kind === 'ConfigMap');
    expect(map).toMatchObject({ metadata: { name: 'shop-flags' } });
    expect(map.data['production.json']).toBe(await text('flags/production.json'));
    expect(made.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'Deployment', 'Service']);
  },
);
