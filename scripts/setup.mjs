/**
 * Gets this folder ready: `node scripts/setup.mjs --for start|test|parts|alertmanager|unleash [--json]`. Plain Node, no packages: it runs
 * before there are any. `parts` (what an installed package asks for) only finds or fetches Temporal and Prometheus,
 * `alertmanager` and `unleash` what tests alone need.
 */
const WANTED = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  console.error(`Tidegate needs Node ${WANTED.join('.')} or newer; this is ${process.version}.`);
  console.error('Install a newer one (https://nodejs.org) and run the same command again.');
  process.exit(3);
}

const args = process.argv.slice(2);
const purpose = args[args.indexOf('--for') + 1];
if (
  !args.includes('--for') ||
  !['start', 'test', 'parts', 'alertmanager', 'unleash'].includes(purpose ?? '')
) {
  console.error('usage: node scripts/setup.mjs --for start|test|parts|alertmanager|unleash [--json]');
  process.exit(2);
}

// Only now: these files may use what an old Node does not know.
const { run } = await import('./setup/run.mjs');
await run({ purpose, json: args.includes('--json') });
