import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { expect, it, vi } from 'vitest';
import { startApiServer } from '../test/fixtures/api-server.ts';
import { flagState } from '../test/fixtures/flag-state.ts';

const page = readFileSync(new URL('../docs/flags.md', import.meta.url), 'utf8');
const script = /```sh\n(#!\/bin\/sh\n# fetch-flags[\s\S]*?)```/.exec(page)?.[1] ?? '';
const quiet = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};
const run = promisify(execFile);
const missing = await run('curl', ['--version']).then(
  () => '',
  () => ' (skipped: no curl)',
);

it.skipIf(missing !== '')(
  `the script of the documentation keeps a file that flagd’s provider reads${missing}`,
  async () => {
    const server = await startApiServer();
    await server.flagStore.claim(
      { environment: 'production', key: 'pricing-v2' },
      flagState(0, 0).shape,
      'r-1',
    );
    await vi.waitFor(() => expect(server.flagService.environments()).toEqual(['production']));
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-fetch-'));
    const path = join(folder, 'fetch-flags.sh');
    await writeFile(path, script);
    const env = { ...process.env, TOKEN: 'none', FLAGS_URL: `${server.url}/flags/v1/production.json` };
    const fetchFlags = () => run('sh', [path, folder], { env });
    const file = join(folder, 'flags.json');

    await fetchFlags();
    expect(await readFile(file, 'utf8')).toBe(server.flagService.document('production').text);
    await rm(file);
    await fetchFlags();
    await expect(readFile(file)).rejects.toThrow('ENOENT');

    server.flagService.accept(flagState(100, 9));
    await fetchFlags();
    const provider = new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: file }, quiet);
    await provider.initialize();
    expect(await provider.resolveBooleanEvaluation('pricing-v2', false, {}, quiet)).toMatchObject({
      value: true,
    });
    await provider.onClose();

    await expect(
      run('sh', [path, folder], { env: { ...env, FLAGS_URL: `${server.url}/flags/v1/nowhere.json` } }),
    ).rejects.toThrow();
    expect(await readFile(file, 'utf8')).toContain('"revision":9');
    await rm(folder, { recursive: true, force: true });
    await server.close();
  },
);
