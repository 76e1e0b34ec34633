import type { FastifyBaseLogger } from 'fastify';
import { writePrivate } from '../flags/files.ts';
import { type FixedToken, openKeyring } from '../server/auth/keyring.ts';
import { createOidcLogin } from '../server/auth/oidc.ts';
import { newToken } from '../server/auth/secret.ts';
import { createSessions } from '../server/auth/sessions.ts';
import type { ServerAccess } from '../server/deps.ts';
import { isLoopback } from '../server/loopback.ts';
import { createAccessStore } from '../store/access.ts';
import type { Database } from '../store/connection.ts';
import { type AdminToken, readAdminToken } from './admin-token.ts';
import type { Config } from './config.ts';
import { adminTokenFile } from './paths.ts';

export interface OpenAccess {
  server: ServerAccess;
  /** True where people from elsewhere can prove who they are. */
  hasLogin: boolean;
  /** Where it will listen, unless the port is given by the system. */
  address: string;
  /** Writes the address into the file of this machine's administrator, for commands to find. */
  announce(address: string): Promise<void>;
}

/** Tokens, logins and what they grant, as `tidegate.yaml` has it. None of it needs PostgreSQL to start. */
export async function openAccess(
  config: Config,
  given: { database: Database; log: FastifyBaseLogger },
): Promise<OpenAccess> {
  const { auth, data } = config;
  const { database, log: logger } = given;
  const store = createAccessStore(database);
  const now = () => Date.now();
  const local = auth.local && isLoopback(config.server.host) ? await localToken(data, logger) : null;
  const keyring = await openKeyring({ store, dataDir: data, fixed: fixedTokens(auth, local), now, logger });
  const { host, port } = config.server;
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const publicUrl = config.server.publicUrl ?? address;
  return {
    address,
    hasLogin: auth.oidc !== undefined || auth.adminToken !== undefined,
    async announce(address) {
      if (local === null) return;
      await writePrivate(
        adminTokenFile(data),
        `${JSON.stringify({ server: address, token: local } satisfies AdminToken)}\n`,
      );
    },
    server: {
      keyring,
      sessions: createSessions({ store, lifeMs: auth.session * 1000, now, logger }),
      groups: auth.groups,
      publicUrl,
      secure: publicUrl.startsWith('https:'),
      login:
        auth.oidc === undefined
          ? null
          : createOidcLogin({
              issuer: auth.oidc.issuer,
              clientId: auth.oidc.clientId,
              clientSecret: auth.oidc.clientSecret,
              scopes: auth.oidc.scopes,
              nameClaim: auth.oidc.name,
              groupsClaim: auth.oidc.groups,
              redirectUrl: new URL('/login/callback', publicUrl).href,
            }),
    },
  };
}

function fixedTokens(auth: Config['auth'], local: string | null): FixedToken[] {
  const grants = [{ role: 'admin' }] as const;
  const tokens: FixedToken[] = [];
  if (local !== null) {
    const principal = { name: 'local-admin', grants, mayActFor: true, tokenId: 'local-admin' };
    tokens.push({ token: local, loopbackOnly: true, principal });
  }
  if (auth.adminToken !== undefined) {
    const principal = { name: 'admin', grants, mayActFor: false, tokenId: 'admin' };
    tokens.push({ token: auth.adminToken, loopbackOnly: false, principal });
  }
  return tokens;
}

/** The administrator of this machine is whoever can read the file; it stays the same from start to start. */
async function localToken(data: string, logger: FastifyBaseLogger): Promise<string> {
  const file = adminTokenFile(data);
  const known = await readAdminToken(file);
  if (known !== null) return known.token;
  const { token } = newToken();
  await writePrivate(file, `${JSON.stringify({ server: null, token } satisfies AdminToken)}\n`);
  logger.info({ file }, "made the token of this machine's administrator");
  return token;
}
