import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, tail } from './command.mjs';
import { fromPlaces } from './places.mjs';

const VERSION = '4.32.5';
const PROGRAM = 'schemathesis';
/** What pip writes has the folder's name in its first line, and the folder moves into the cache. */
const LAUNCHER = `#!/bin/sh
here="$(dirname "$0")"
exec "$here/venv/bin/python" -c 'from schemathesis.cli import schemathesis; schemathesis()' "$@"
`;

/**
 * What tries the API by its OpenAPI document. Not among the packages of this project: it is Python's.
 * @returns {Promise<{ schemathesis: string } | { skipped: string }>}
 */
export async function findSchemathesis() {
  const python = await command('python3', [
    '-c',
    'import sys, venv, ensurepip; print(sys.version_info >= (3, 10))',
  ]);
  if (python.status !== 0) return { skipped: 'no Python with venv on this machine' };
  if (!python.output.includes('True')) return { skipped: 'it needs Python 3.10 or newer' };
  try {
    const found = await fromPlaces({
      part: `schemathesis-${VERSION}`,
      title: 'Schemathesis',
      programs: [PROGRAM],
      places: [{ name: 'its Python package', usually: '30 s', fetch: fromPip }],
      advice: [
        'Check that this machine reaches its Python registry (`pip download schemathesis`), then run this again.',
      ],
    });
    return { schemathesis: found[PROGRAM] };
  } catch (error) {
    return { skipped: `${error.message}: ${error.advice?.[0] ?? ''}` };
  }
}

async function fromPip(folder) {
  for (const [program, args] of [
    ['python3', ['-m', 'venv', join(folder, 'venv')]],
    [join(folder, 'venv/bin/python'), ['-m', 'pip', 'install', '--quiet', `schemathesis==${VERSION}`]],
  ]) {
    const { status, output } = await command(program, args, { cwd: folder });
    if (status !== 0) throw new Error(tail(output, 1)[0] ?? 'pip install failed');
  }
  await writeFile(join(folder, PROGRAM), LAUNCHER);
  await chmod(join(folder, PROGRAM), 0o755);
}
