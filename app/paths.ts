import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../plans/failures.ts';

/** Where `tidegate up` keeps its databases, logs and definitions unless told otherwise. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  if (env.TIDEGATE_HOME !== undefined && env.TIDEGATE_HOME !== '') return env.TIDEGATE_HOME;
  const base =
    env.XDG_STATE_HOME !== undefined && env.XDG_STATE_HOME !== ''
      ? env.XDG_STATE_HOME
      : join(homedir(), '.local/state');
  return join(base, 'tidegate');
}

/** The token of this machine's administrator, in the data folder of a server. */
export function adminTokenFile(data: string): string {
  return join(data, 'admin-token.json');
}

/**
 * The built command: beside this file's folder, or in the build of a clone that runs from its sources.
 * @throws Failure PART_MISSING where nobody has built it.
 */
export function commandFile(from: string = import.meta.url): string {
  const places = ['../cli/main.js', '../dist/cli/main.js'].map((place) =>
    fileURLToPath(new URL(place, from)),
  );
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Failure('PART_MISSING', 'The command of this source tree is not built.', {
    details: ['run `node scripts/build.mjs` first'],
  });
}

/** The built console: beside this file's folder, or in the build of a clone that runs from its sources; null: not built. */
export function consoleFolder(): string | null {
  for (const place of ['../console/', '../dist/console/']) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(join(path, 'index.html.br'))) return path;
  }
  return null;
}

/** An example plan of the package. */
export function examplePlan(name: string): string {
  for (const place of ['../plans/examples/', '../../plans/examples/']) {
    const path = fileURLToPath(new URL(place + name, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new Error(`the example plan ${name} is missing from this installation`);
}
