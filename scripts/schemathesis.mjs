/**
 * `npm run test:schemathesis`: schemathesis over the API's document against a real server for 30 seconds, or as long as
 * `--minutes 10` says; `--phases stateful`: only from answer to request. Without Python it says why it does nothing.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './setup/root.mjs';
import { findSchemathesis } from './setup/schemathesis.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0.5' },
    phases: { type: 'string', default: 'examples,coverage,fuzzing,stateful' },
  },
});
const seconds = Math.round(Number(values.minutes) * 60);
if (!(seconds >= 1)) {
  console.error('usage: npm run test:schemathesis -- [--minutes 10] [--phases stateful]');
  process.exit(2);
}
const found = await findSchemathesis();
if ('skipped' in found) {
  console.log(`skipped: ${found.skipped}`);
  process.exit(0);
}
const child = spawn(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'it', 'server/schemathesis'],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      TIDEGATE_SCHEMATHESIS_SECONDS: String(seconds),
      TIDEGATE_SCHEMATHESIS_PHASES: values.phases,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
child.once('close', (status) => {
  process.exitCode = status ?? 1;
});
