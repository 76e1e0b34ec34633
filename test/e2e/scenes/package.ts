import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const quiet = { ...process.env, npm_config_update_notifier: 'false' };

interface Installed {
  dir: string;
  /** Files of the package. */
  listed: string[];
}

/** What npm is handed, installed in an empty folder as whoever has no other copy does it. */
async function install(): Promise<Installed> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-package-'));
  // As root, PostgreSQL runs as another account, which must get in.
  await chmod(dir, 0o711);
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], {
    cwd: root,
  });
  const answer: unknown = JSON.parse(stdout);
  const packed = (Array.isArray(answer) ? answer[0] : Object.values(answer as object)[0]) as {
    filename: string;
    files: { path: string }[];
  };
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--no-save'];
  await run('npm', ['install', ...flags, join(dir, packed.filename)], { cwd: dir, env: quiet });
  return { dir, listed: packed.files.map(({ path }) => path) };
}

/**
 * The package as whoever installs it has it. Its demonstration takes the ports that `tidegate up` takes; installing it waits for the
 * network, and begins beside the tests that come before.
 */
export function packed(): void {
  const installing = install();
  // Told by the tests that wait for it.
  installing.catch(() => undefined);

  describe('the package', () => {
    let dir: string;
    let listed: string[];

    beforeAll(async () => {
      ({ dir, listed } = await installing);
    }, 300_000);
    afterAll(() => rm(dir, { recursive: true, force: true }));

    it('holds compiled JavaScript and what it reads, and no sources or tests', () => {
      expect(listed).toEqual(
        expect.arrayContaining([
          'LICENSE',
          'package.json',
          'dist/cli/main.js',
          'dist/workflow-bundle.js',
          'dist/store/migrations/0000_initial.sql',
          'scripts/setup.mjs',
          'tidegate.example.yaml',
        ]),
      );
      expect(
        listed.filter((path) => /(?<!\.d)\.ts$|\.test\.|^dist\/test\/|\.map$|node_modules/.test(path)),
      ).toEqual([]);
    });

    it('installs in an empty folder without install scripts, and its command runs there', async () => {
      const options = { cwd: dir, env: { ...quiet, XDG_STATE_HOME: join(dir, 'state') } };
      const tidegate = (...args: string[]) => run('npx', ['--no-install', 'tidegate', ...args], options);

      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
      expect((await tidegate('--version')).stdout.trim()).toBe(version);

      const example = join(
        'node_modules/tidegate',
        listed.find((path) => path.endsWith('examples/pricing-v2.yaml')) ?? '',
      );
      expect((await tidegate('plan', 'check', example)).stdout).toContain('pricing-v2.yaml: ok');

      // The whole demonstration; it rejects unless one rollout completes and the other is rolled back.
      const { stdout } = await tidegate('up', '--demo', '--once');
      expect(stdout).toContain('both rollouts went as they should');
    }, 600_000);
  });
}
