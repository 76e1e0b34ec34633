import { command, onPath, tail } from './command.mjs';

const go = onPath('go', ['/usr/local/go/bin']);

/** Why Go is of no use here, or undefined. */
export function goUnfit() {
  return go === undefined ? 'there is no Go on this machine' : undefined;
}

/** @param {string} what package@version @param {string} folder where the program goes */
export async function goInstall(what, folder) {
  const { status, output } = await command(go ?? 'go', ['install', what], { env: { GOBIN: folder } });
  if (status !== 0) throw new Error(tail(output, 3).join('\n'));
}

/**
 * For a module that `go install` refuses, because its go.mod excludes or replaces others: builds in its own folder.
 * @param {{ module: string, version: string, packages: string[], folder: string }} what
 */
export async function goBuild({ module, version, packages, folder }) {
  const got = await command(go ?? 'go', ['mod', 'download', '-json', `${module}@v${version}`]);
  if (got.status !== 0) throw new Error(tail(got.output, 3).join('\n'));
  const source = JSON.parse(got.output.slice(got.output.indexOf('{'))).Dir;
  const built = await command(go ?? 'go', ['build', '-o', `${folder}/`, ...packages], { cwd: source });
  if (built.status !== 0) throw new Error(tail(built.output, 3).join('\n'));
}

/**
 * Builds the program in a folder with a go.mod of its own.
 * @param {string} source @param {string} file where the program goes
 */
export async function goBuildFolder(source, file) {
  const { status, output } = await command(go ?? 'go', ['build', '-o', file, '.'], { cwd: source });
  if (status !== 0) throw new Error(tail(output, 3).join(' '));
}
