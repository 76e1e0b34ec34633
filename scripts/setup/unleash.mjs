import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command, tail } from './command.mjs';
import { fromPlaces } from './places.mjs';

const VERSION = '7.5.1';
const PROGRAM = 'node_modules/unleash-server/dist/server.js';

/**
 * The real flag platform that tests drive. Not among the packages of this project: it is 190 MB and nobody else needs it.
 * @returns {Promise<{ unleash: string }>} to be run with Node
 */
export async function findUnleash() {
  const found = await fromPlaces({
    part: `unleash-${VERSION}`,
    title: 'Unleash',
    programs: [PROGRAM],
    places: [{ name: 'its npm package', usually: '50 s', fetch: fromNpm }],
    advice: ['Check that this machine reaches its npm registry (`npm ping`), then run this again.'],
  });
  return { unleash: found[PROGRAM] };
}

async function fromNpm(folder) {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const args = ['install', `unleash-server@${VERSION}`, '--no-audit', '--no-fund', '--omit=dev'];
  const { status, output } = await command('npm', args, { cwd: folder });
  if (status !== 0) throw new Error(tail(output, 1)[0] ?? 'npm install failed');
  await chmod(join(folder, PROGRAM), 0o755);
}
