import { command, isProgram, onPath, tail } from './command.mjs';
import { say } from './say.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FURTHER = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/opt/google/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS',
  '/Applications/Chromium.app/Contents/MacOS',
];
const PACKAGE = 'chromium';

/**
 * The browser that the page of `examples/browser` is tried in, or why its tests are skipped.
 * @returns {{ program: string } | { skipped: string }}
 */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named)
    return isProgram(named) ? { program: named } : { skipped: `CHROMIUM_PATH is ${named}: no program` };
  const names = process.platform === 'darwin' ? ['Google Chrome', 'Chromium', ...NAMES] : NAMES;
  const program = names.map((name) => onPath(name, FURTHER)).find((path) => path !== undefined);
  return program === undefined ? { skipped: 'there is no Chromium or Chrome on this machine' } : { program };
}

/** Makes one ready. A machine that cannot have one skips those tests, and this says so. */
export async function prepareChromium() {
  const found = findChromium();
  if ('program' in found) return;
  const why = process.env.CHROMIUM_PATH ? found.skipped : await install();
  if (why === undefined) return;
  say(`Chromium: the sample page is not tried in a browser, its tests are skipped (${why})`);
  say('Chromium: install it, or name one: CHROMIUM_PATH=/path/to/chromium');
}

/** Why it is not there afterwards, or undefined. */
async function install() {
  const apt = onPath('apt-get');
  if (apt === undefined) return 'there is none on this machine, and no apt-get';
  if (process.getuid?.() !== 0) return 'there is none on this machine; apt-get would need root';
  say("Chromium: Debian's package, by apt-get (usually 40 s)");
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const timeout = 300_000;
  const updated = await command(apt, ['update', '-qq'], { env, timeout });
  if (updated.status !== 0) return failed(updated);
  const args = ['install', '-y', '-qq', '--no-install-recommends', PACKAGE, 'fonts-dejavu-core'];
  const installed = await command(apt, args, { env, timeout });
  if (installed.status !== 0) return failed(installed);
  const found = findChromium();
  if ('skipped' in found) return `apt-get installed ${PACKAGE}, and it is not there`;
  say(`Chromium: there, ${found.program}`);
  return undefined;
}

function failed({ output }) {
  return `apt-get: ${tail(output, 1)[0] ?? 'failed'}`;
}
