import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readAdminToken } from '../app/admin-token.ts';
import { adminTokenFile, stateFolder } from '../app/paths.ts';
import { writePrivate } from '../flags/files.ts';

/** What a command proves itself with. `local`: the administrator of this machine, who may name another person. */
export interface Credential {
  token: string;
  local: boolean;
}

export interface Sought {
  server: string;
  /** From `--token`. */
  token: string | undefined;
  configFile: string | undefined;
  env: NodeJS.ProcessEnv;
}

const Kept = z.record(z.string(), z.object({ token: z.string() }));

/**
 * The token for this server: the one given, the one that `tidegate login` kept, or, for a server of this machine, its
 * administrator's where the file can be read. Null: none.
 */
export async function credentialFor(sought: Sought): Promise<Credential | null> {
  const given = sought.token ?? sought.env['TIDEGATE_TOKEN'];
  if (given !== undefined && given !== '') return { token: given, local: false };
  const own = (await keptCredentials(sought.env))[sought.server];
  if (own !== undefined) return { token: own.token, local: false };
  for (const folder of await dataFolders(sought)) {
    const admin = await readAdminToken(adminTokenFile(folder));
    if (admin !== null && admin.server === sought.server) return { token: admin.token, local: true };
  }
  return null;
}

/** Keeps a token for a server, or forgets it (null). */
export async function keepCredential(
  server: string,
  token: string | null,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = credentialsFile(env);
  const { [server]: _before, ...others } = await keptCredentials(env);
  const next = token === null ? others : { ...others, [server]: { token } };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writePrivate(file, `${JSON.stringify(next, null, 2)}\n`);
  return file;
}

async function keptCredentials(env: NodeJS.ProcessEnv): Promise<z.infer<typeof Kept>> {
  return (await read(credentialsFile(env), Kept)) ?? {};
}

function credentialsFile(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CONFIG_HOME'];
  return join(
    base !== undefined && base !== '' ? base : join(homedir(), '.config'),
    'tidegate',
    'credentials.json',
  );
}

/** Where a server of this machine may keep its data: what the configuration says, else where `up` does. */
async function dataFolders({ configFile, env }: Sought): Promise<string[]> {
  const folders = ['.tidegate', stateFolder(env)];
  const file = configFile ?? (existsSync('tidegate.yaml') ? 'tidegate.yaml' : undefined);
  if (file === undefined) return folders;
  // The whole configuration is read only where the usual place has nothing: a kill is in a hurry.
  const beside = dirname(file);
  if (existsSync(adminTokenFile(beside))) return [beside, ...folders];
  const { loadConfig } = await import('../app/load-config.ts');
  try {
    return [loadConfig(file, env).data, ...folders];
  } catch {
    // A configuration that is wrong, or whose secrets are elsewhere, is not what this command is about.
    return folders;
  }
}

async function read<T extends z.ZodType>(file: string, shape: T): Promise<z.output<T> | null> {
  try {
    return shape.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
