import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isFailure } from '../plans/failures.ts';
import { isLoopback } from '../server/loopback.ts';
import { readAdminToken } from './admin-token.ts';
import type { Config } from './config.ts';
import { adminTokenFile, stateFolder } from './paths.ts';

export type DirectConfig =
  | { kind: 'found'; config: Config; file: string }
  /** `why`: in a sentence, for people. */
  | { kind: 'none'; why: string };

/**
 * The configuration by which a command may do without a server that is away: the one named, else that of this folder or of
 * `tidegate up`, where it is this server's. Another installation's would be told in its place.
 */
export async function directConfig({
  server,
  configFile,
  env,
}: {
  server: string;
  configFile: string | undefined;
  env: NodeJS.ProcessEnv;
}): Promise<DirectConfig> {
  const usual = ['tidegate.yaml', join(stateFolder(env), 'tidegate.yaml')];
  const files = configFile === undefined ? usual.filter((file) => existsSync(file)) : [configFile];
  const { loadConfig } = await import('./load-config.ts');
  const reasons: string[] = [];
  for (const file of files) {
    try {
      const config = loadConfig(file, env);
      if (configFile !== undefined || (await isOf(config, server))) return { kind: 'found', config, file };
      reasons.push(`${file} is not of the server ${server}`);
    } catch (error) {
      if (!isFailure(error)) throw error;
      reasons.push([error.message, ...error.details].join(' '));
    }
  }
  const why = reasons.length === 0 ? 'there is no tidegate.yaml here' : reasons.join('; ');
  return { kind: 'none', why };
}

/** By the address that stands in the configuration, or by the token that the server left in its data folder. */
async function isOf({ server: { host, port, publicUrl }, data }: Config, server: string): Promise<boolean> {
  if ((await readAdminToken(adminTokenFile(data)))?.server === server) return true;
  if (!URL.canParse(server)) return false;
  const asked = new URL(server);
  if (publicUrl !== undefined && new URL(publicUrl).origin === asked.origin) return true;
  const everywhere = host === '0.0.0.0' || host === '::';
  const same = host === asked.hostname || (isLoopback(asked.hostname) && (everywhere || isLoopback(host)));
  return same && asked.protocol === 'http:' && Number(asked.port || 80) === port;
}
