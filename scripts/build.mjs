/** Compiles to `dist`, with the files that the code reads at run time and the workflow bundle beside it. */
import { chmod, cp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sourcesHash } from './setup/build.mjs';
import { command } from './setup/command.mjs';
import { root } from './setup/root.mjs';

/** Folders whose other files (SQL, templates, protocols, examples) are read at run time. */
const WITH_ASSETS = [
  'plans',
  'store',
  'flags',
  'notify',
  'server',
  'app',
  'cli',
  'client',
  'dashboards',
  'examples',
];

const hash = await sourcesHash();
// Built beside and then swapped: what runs from `dist` meanwhile never meets half a build.
const fresh = join(root, `dist.new-${process.pid}`);
try {
  await compile();
  for (const folder of WITH_ASSETS) await copyAssets(folder);
  await chmod(join(fresh, 'cli/main.js'), 0o755).catch(ignoreAbsent);
  await bundleWorkflows();
  await buildConsole();
  await writeFile(join(fresh, '.sources'), hash);
  await swap();
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function compile() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status, output } = await command(
    process.execPath,
    [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh, '--pretty', 'false'],
    { cwd: root },
  );
  if (status === 0) return;
  console.error(output.trim());
  console.error('The types do not fit; nothing was built.');
  await rm(fresh, { recursive: true, force: true });
  process.exit(1);
}

async function copyAssets(folder) {
  const from = join(root, folder);
  if (!(await exists(from))) return;
  for (const entry of await readdir(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || /\.[cm]?ts$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    await cp(path, join(fresh, path.slice(root.length + 1)));
  }
}

/** Bundled once here instead of at every start of a worker: 5 s that nobody waits for. */
async function bundleWorkflows() {
  const workflowsPath = join(fresh, 'workflows/index.js');
  if (!(await exists(workflowsPath))) return;
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [join(fresh, 'workflows/led-by.js')],
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(join(fresh, 'workflow-bundle.js'), code);
}

/** The page that the server serves, with each file packed beside it. */
async function buildConsole() {
  const { build } = await import('vite');
  await build({
    configFile: join(root, 'console/page/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: join(fresh, 'console') },
  });
}

async function swap() {
  const dist = join(root, 'dist');
  const old = join(root, `dist.old-${process.pid}`);
  await rename(dist, old).catch(ignoreAbsent);
  await rename(fresh, dist);
  await rm(old, { recursive: true, force: true });
}

async function exists(path) {
  return (await stat(path).catch(ignoreAbsent)) !== undefined;
}

function ignoreAbsent(error) {
  if (error.code !== 'ENOENT') throw error;
}
