import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from '../setup/command.mjs';
import { root } from '../setup/root.mjs';

const program = (name) => join(root, 'node_modules/.bin', name);
const here = dirname(fileURLToPath(import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** What `npm run check` demands, each by its own tool. */
export const steps = [
  { name: 'format', run: [program('biome'), 'check', '--colors=off', '--max-diagnostics=20', '.'] },
  { name: 'types', run: [process.execPath, tsc, '--noEmit', '--pretty', 'false', '-p', 'tsconfig.json'] },
  {
    name: 'types of the sample page',
    run: [process.execPath, tsc, '--noEmit', '--pretty', 'false', '-p', 'examples/browser/page'],
  },
  {
    name: 'types of the console',
    run: [process.execPath, tsc, '--noEmit', '--pretty', 'false', '-p', 'console/page'],
  },
  { name: 'lint', run: [program('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'import directions', run: [process.execPath, join(here, 'directions.mjs')] },
  { name: 'no clock or chance in what decides', run: [process.execPath, join(here, 'pure.mjs')] },
  { name: 'dead code', run: [program('knip'), '--no-progress'] },
];

/**
 * Runs all steps side by side and tells of each as it ends.
 * @param {(result: { name: string, passed: boolean, seconds: number, output: string }) => void} tell
 */
export async function runSteps(tell) {
  return Promise.all(
    steps.map(async ({ name, run: [first, ...rest] }) => {
      const began = performance.now();
      const { status, output } = await command(first, rest, {
        cwd: root,
        env: { NO_COLOR: '1', FORCE_COLOR: undefined },
      });
      const result = { name, passed: status === 0, seconds: (performance.now() - began) / 1000, output };
      tell(result);
      return result;
    }),
  );
}
