import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allows, type Grant, type Permission, type Place } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import type { Session } from '../../store/access-contract.ts';
import { isLoopback } from '../loopback.ts';
import type { Keyring } from './keyring.ts';
import { type Actor, actorOf, demand, may, type Named, type Principal } from './principal.ts';
import { same } from './secret.ts';
import type { Sessions } from './sessions.ts';

/** Who may call a route: `public`, `anyone` who is known, or whoever has one of the permissions somewhere. */
export type Access = 'public' | 'anyone' | readonly [Permission, ...Permission[]];

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** The sender of a request. Each method throws `PERMISSION_MISSING` when it may not. */
export interface Caller extends Principal {
  /** Null: it came with a token. */
  session: Session | null;
  demand(permission: Permission | readonly Permission[], place: Place): void;
  may(permission: Permission, place: Place): boolean;
  actor(named: Named, place: Place): Actor;
}

export interface GuardParts {
  keyring: Keyring;
  sessions: Sessions;
  /** What the groups of the identity provider grant, from `tidegate.yaml`. */
  groups: Readonly<Record<string, readonly Grant[]>>;
}

export const SESSION_COOKIE = 'tidegate_session';
export const CSRF_HEADER = 'x-tidegate-csrf';

/**
 * Every route below `app` says who may call it, in `config.access`; one that does not is a mistake that keeps the
 * server from starting. Errors: `LOGIN_NEEDED`, `TOKEN_REFUSED`, `CSRF_MISSING`, `PERMISSION_MISSING`.
 */
export function guard(app: FastifyInstance, parts: GuardParts): void {
  app.addHook('onRoute', ({ config, method, url }) => {
    if (config?.access === undefined)
      throw new Error(`${String(method)} ${url} does not say who may call it`);
  });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access ?? 'public';
    if (access === 'public') return;
    const caller = await identify(request, parts);
    if (access !== 'anyone' && !may(caller, access)) demand(caller, access);
    request.caller = caller;
  });
}

/** The caller of a guarded route. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Failure('LOGIN_NEEDED', 'Nobody is logged in.');
  return request.caller;
}

/** Whether the sender of a request that has been open for long still counts. @throws Failure as at its begin */
export async function recheck(request: FastifyRequest, parts: GuardParts): Promise<void> {
  await identify(request, parts);
}

async function identify(request: FastifyRequest, parts: GuardParts): Promise<Caller> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw new Failure('TOKEN_REFUSED', 'Authorization is not `Bearer TOKEN`.');
    const from = { loopback: isLoopback(request.socket.remoteAddress ?? '') };
    return caller(await parts.keyring.principalOf(token, from), null);
  }
  const cookie = request.cookies[SESSION_COOKIE];
  const session = cookie === undefined ? null : await parts.sessions.find(cookie);
  const principal = session === null ? null : await holder(session, parts);
  if (session === null || principal === null) {
    throw new Failure('LOGIN_NEEDED', cookie === undefined ? 'Nobody is logged in.' : 'This login is over.');
  }
  refuseForgery(request, session);
  return caller(principal, session);
}

async function holder({ subject }: Session, { keyring, groups }: GuardParts): Promise<Principal | null> {
  if (subject.kind === 'token') return keyring.holderOf(subject.tokenId);
  const grants = subject.groups.flatMap((group) =>
    Object.hasOwn(groups, group) ? (groups[group] ?? []) : [],
  );
  return { name: subject.name, grants, mayActFor: false, tokenId: null };
}

/** A cookie travels with requests that other pages make; the header does not. */
function refuseForgery(request: FastifyRequest, session: Session): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const sent = request.headers[CSRF_HEADER];
  if (typeof sent === 'string' && same(sent, session.csrf)) return;
  throw new Failure('CSRF_MISSING', `A change with a session needs the header ${CSRF_HEADER}.`);
}

function caller(principal: Principal, session: Session | null): Caller {
  return {
    ...principal,
    session,
    demand: (permission, place) => demand(principal, [permission].flat(), place),
    may: (permission, place) => allows(principal.grants, permission, place),
    actor: (named, place) => actorOf(principal, named, place),
  };
}
