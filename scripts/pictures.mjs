/** `npm run pictures`: draws docs/images/console-*.png anew, from the real console on the real server. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup/root.mjs';

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'it', 'console/pictures'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TIDEGATE_PICTURES: join(root, 'docs/images') } },
);
process.exitCode = status ?? 1;
