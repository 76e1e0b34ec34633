import * as oidc from 'openid-client';
import { z } from 'zod';
import { Failure, isFailure } from '../../plans/failures.ts';
import { isLoopback } from '../loopback.ts';

export interface OidcSettings {
  issuer: string;
  clientId: string;
  clientSecret?: string | undefined;
  scopes: readonly string[];
  /** The claim that stands in the journal. */
  nameClaim: string;
  /** The claim with the person's groups. */
  groupsClaim: string;
  /** Where the identity provider sends people back to, absolute. */
  redirectUrl: string;
}

/** Who has logged in, as the identity provider tells. */
export interface Identity {
  name: string;
  groups: string[];
  returnTo: string;
}

/** What a browser holds between leaving for the identity provider and coming back. */
const Pending = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
});

export interface OidcLogin {
  /** Errors: `IDENTITY_UNREACHABLE`. */
  begin(returnTo: string): Promise<{ url: string; pending: string }>;
  /** `current`: the address that the browser came back to. Errors: `LOGIN_FAILED`, `IDENTITY_UNREACHABLE`. */
  finish(current: URL, pending: string | undefined): Promise<Identity>;
}

/** Where somebody who has begun a login wanted to go. */
export function wantedPath(pending: string | undefined): string {
  return localPath(readPending(pending)?.returnTo);
}

/** Login by authorization code with PKCE, by `openid-client`, which is certified and kept by its author. */
export function createOidcLogin(settings: OidcSettings): OidcLogin {
  let found: oidc.Configuration | null = null;

  /** Asked for when it is needed, so that neither side has to start first. */
  async function configuration(): Promise<oidc.Configuration> {
    if (found !== null) return found;
    const issuer = new URL(settings.issuer);
    const plain = issuer.protocol === 'http:' && isLoopback(issuer.hostname);
    found = await oidc.discovery(
      issuer,
      settings.clientId,
      settings.clientSecret,
      settings.clientSecret === undefined ? oidc.None() : undefined,
      plain ? { execute: [oidc.allowInsecureRequests], timeout: 10 } : { timeout: 10 },
    );
    return found;
  }

  async function identify(current: URL, pending: z.infer<typeof Pending>): Promise<Identity> {
    const config = await configuration();
    const tokens = await oidc.authorizationCodeGrant(config, current, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Failure('LOGIN_FAILED', 'The identity provider sent no identity.');
    const { nameClaim, groupsClaim } = settings;
    const all =
      claims[nameClaim] !== undefined && claims[groupsClaim] !== undefined
        ? claims
        : { ...claims, ...(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)) };
    const name = z.string().min(1).safeParse(all[nameClaim]);
    if (!name.success) {
      throw new Failure('LOGIN_FAILED', `The identity provider says no ${nameClaim} of this person.`);
    }
    if (nameClaim === 'email' && all['email_verified'] === false) {
      throw new Failure('LOGIN_FAILED', `The address ${name.data} is not verified.`);
    }
    const groups = z.array(z.string()).catch([]).parse(all[groupsClaim]);
    return { name: name.data, groups, returnTo: pending.returnTo };
  }

  return {
    async begin(returnTo) {
      const config = await reaching(configuration);
      const pending = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        returnTo,
      } satisfies z.infer<typeof Pending>;
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: settings.redirectUrl,
        scope: settings.scopes.join(' '),
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
      });
      return { url: url.href, pending: Buffer.from(JSON.stringify(pending)).toString('base64url') };
    },
    async finish(current, pending) {
      const begun = readPending(pending);
      if (begun === null)
        throw new Failure('LOGIN_FAILED', 'This browser has begun no login, or too long ago.');
      return reaching(() => identify(current, begun));
    },
  };
}

/** Where a page may send people after a login: a path of this server. */
export function localPath(text: string | undefined): string {
  return text !== undefined && /^\/(?![/\\])[^\s\\]*$/.test(text) ? text : '/';
}

function readPending(text: string | undefined): z.infer<typeof Pending> | null {
  if (text === undefined) return null;
  try {
    return Pending.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}

async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFailure(error)) throw error;
    // Errors of the protocol carry a code of OAuth; those of the network do not.
    const refused =
      error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError;
    if (refused) {
      throw new Failure('LOGIN_FAILED', `The identity provider refuses: ${error.error}.`, {
        details: error.error_description === undefined ? [] : [error.error_description],
        cause: error,
      });
    }
    if (error instanceof oidc.ClientError && error.code !== 'OAUTH_TIMEOUT') {
      throw new Failure('LOGIN_FAILED', `The identity provider's answer does not count: ${error.message}.`, {
        cause: error,
      });
    }
    throw new Failure('IDENTITY_UNREACHABLE', 'The identity provider does not answer.', { cause: error });
  }
}
