import { command, onPath, tail } from './command.mjs';
import { say } from './say.mjs';

const SHELLS = ['zsh', 'fish'];

/** The shells that the completion scripts are tried in. A machine that cannot have one skips its test, and this says so. */
export async function prepareShells() {
  const missing = SHELLS.filter((name) => onPath(name, ['/bin', '/usr/bin', '/usr/local/bin']) === undefined);
  if (missing.length === 0) return;
  const why = await install(missing);
  if (why !== undefined)
    say(`${missing.join(', ')}: completion is not tried there, its tests are skipped (${why})`);
}

/** Why they are not there afterwards, or undefined. */
async function install(missing) {
  const apt = onPath('apt-get');
  if (apt === undefined) return 'no apt-get';
  // Nobody's own machine gets a shell that was not asked for.
  if (process.env.CI === undefined) return 'install them to try it';
  if (process.getuid?.() !== 0) return 'apt-get would need root';
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const timeout = 120_000;
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...missing];
  const first = await command(apt, args, { env, timeout });
  if (first.status === 0) return undefined;
  await command(apt, ['update', '-qq'], { env, timeout });
  const again = await command(apt, args, { env, timeout });
  return again.status === 0 ? undefined : `apt-get: ${tail(again.output, 1)[0] ?? 'failed'}`;
}
