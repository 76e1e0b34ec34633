import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { formatGrant } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { CallerReply, CodeReply, LoginRequest, WaysReply } from '../api/access.ts';
import { pathOf } from '../app.ts';
import { type Codes, createCodes } from '../auth/codes.ts';
import { type Caller, callerOf, SESSION_COOKIE } from '../auth/guard.ts';
import { localPath, wantedPath } from '../auth/oidc.ts';
import type { Principal } from '../auth/principal.ts';
import type { ServerDeps } from '../deps.ts';
import { REFUSED_HEADERS, refusedPage, wantsPage } from '../login/refused.ts';
import { isLoopback } from '../loopback.ts';
import { asProblem } from '../problem.ts';

const PENDING_COOKIE = 'tidegate_login';
/** How long somebody may take at the identity provider, seconds. */
const PENDING_LIFE = 600;

function replyOf({ name, grants, session, mayActFor }: Caller): CallerReply {
  return {
    name,
    grants: grants.map(formatGrant),
    mayActFor,
    csrf: session?.csrf ?? null,
    expiresAt: session?.expiresAt ?? null,
  };
}

/** Who am I, login with a token, logout. */
export const sessionRoutes =
  ({ access, now }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const codes = createCodes(now);
    app.get('/session', {
      config: { access: 'anyone' },
      schema: { tags: ['access'], summary: 'Who is logged in', response: { 200: CallerReply } },
      handler: async (request) => replyOf(callerOf(request)),
    });

    app.post('/session', {
      config: { access: 'public' },
      schema: {
        tags: ['access'],
        summary: 'Log a browser in with a token or a code',
        body: LoginRequest,
        response: { 201: CallerReply },
      },
      handler: async (request, reply) => {
        const principal = await bearerOf(request.body, { access, codes, from: fromOf(request) });
        if (principal.tokenId === null) throw new Failure('TOKEN_REFUSED', 'This token opens no session.');
        const { cookie, session } = await access.sessions.open({
          kind: 'token',
          tokenId: principal.tokenId,
        });
        setSession(reply, cookie, { secure: access.secure, expiresAt: session.expiresAt });
        const { name, grants, mayActFor } = principal;
        return reply.code(201).send({
          name,
          grants: grants.map(formatGrant),
          mayActFor,
          csrf: session.csrf,
          expiresAt: session.expiresAt,
        });
      },
    });

    app.get('/session/ways', {
      config: { access: 'public' },
      schema: { tags: ['access'], summary: 'How people get in here', response: { 200: WaysReply } },
      handler: async () => ({ provider: access.login !== null }),
    });

    app.post('/session/codes', {
      config: { access: 'anyone', idempotency: 'none' },
      schema: { tags: ['access'], summary: 'A code that opens one session', response: { 201: CodeReply } },
      handler: async (request, reply) => {
        const { tokenId } = callerOf(request);
        if (tokenId === null) throw new Failure('TOKEN_REFUSED', 'A code is for whoever came with a token.');
        return reply
          .code(201)
          .header('cache-control', 'no-store')
          .send(codes.issue(tokenId, fromOf(request)));
      },
    });

    app.delete('/session', {
      config: { access: 'anyone', idempotency: 'none' },
      schema: { tags: ['access'], summary: 'Log out', response: { 204: z.null() } },
      handler: async (request, reply) => {
        const cookie = request.cookies[SESSION_COOKIE];
        if (cookie !== undefined) await access.sessions.end(cookie);
        return reply.clearCookie(SESSION_COOKIE, { path: '/' }).code(204).send(null);
      },
    });
  };

function fromOf(request: FastifyRequest): { loopback: boolean } {
  return { loopback: isLoopback(request.socket.remoteAddress ?? '') };
}

/** @throws Failure TOKEN_REFUSED */
async function bearerOf(
  sent: LoginRequest,
  { access, codes, from }: { access: ServerDeps['access']; codes: Codes; from: { loopback: boolean } },
): Promise<Principal> {
  if ('token' in sent) return access.keyring.principalOf(sent.token, from);
  const tokenId = codes.redeem(sent.code, from);
  const principal = tokenId === null ? null : await access.keyring.holderOf(tokenId);
  if (principal === null)
    throw new Failure(
      'TOKEN_REFUSED',
      'This link was used before or is too old: `tidegate console` gives a new one.',
    );
  return principal;
}

/** The way to the identity provider and back, for browsers. */
export const loginRoutes =
  ({ access, now }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const { login, secure } = access;
    // People who are refused stand in front of a browser; programs are answered as everywhere.
    app.setErrorHandler((error, request, reply) => {
      if (!wantsPage(request.headers.accept)) throw error;
      const problem = asProblem(error);
      if (problem.status >= 500) request.log.error({ err: error, url: pathOf(request) }, problem.detail);
      else request.log.info({ code: problem.code, details: problem.details }, 'a login was refused');
      const { to } = request.query as { to?: unknown };
      const wanted = typeof to === 'string' ? localPath(to) : wantedPath(request.cookies[PENDING_COOKIE]);
      return reply
        .code(problem.status)
        .headers(REFUSED_HEADERS)
        .header('vary', 'accept')
        .type('text/html; charset=utf-8')
        .serializer(String)
        .send(refusedPage(problem, { to: wanted, now: now() }));
    });
    const options = { httpOnly: true, sameSite: 'lax', path: '/', secure } as const;

    app.get('/login', {
      config: { access: 'public' },
      schema: { hide: true, querystring: z.object({ to: z.string().optional() }) },
      handler: async (request, reply) => {
        const to = localPath(request.query.to);
        if (login === null) throw new Failure('ROUTE_UNKNOWN', 'No identity provider is configured here.');
        const { url, pending } = await login.begin(to);
        return reply
          .setCookie(PENDING_COOKIE, pending, { ...options, maxAge: PENDING_LIFE })
          .header('cache-control', 'no-store')
          .redirect(url);
      },
    });

    app.get('/login/callback', {
      config: { access: 'public' },
      schema: { hide: true },
      handler: async (request, reply) => {
        if (login === null) throw new Failure('ROUTE_UNKNOWN', 'No identity provider is configured here.');
        const current = new URL(request.url, access.publicUrl);
        const { name, groups, returnTo } = await login.finish(current, request.cookies[PENDING_COOKIE]);
        refuseWithoutRole(access, { name, groups });
        const { cookie, session } = await access.sessions.open({ kind: 'oidc', name, groups });
        request.log.info({ name, groups }, 'logged in');
        setSession(reply, cookie, { secure, expiresAt: session.expiresAt });
        return reply
          .clearCookie(PENDING_COOKIE, { path: '/' })
          .header('cache-control', 'no-store')
          .redirect(returnTo);
      },
    });
  };

/** Whose groups grant nothing would see one refusal after the other. @throws Failure NO_ROLE */
function refuseWithoutRole(
  { groups: granted }: ServerDeps['access'],
  { name, groups }: { name: string; groups: readonly string[] },
): void {
  if (groups.some((group) => Object.hasOwn(granted, group) && (granted[group]?.length ?? 0) > 0)) return;
  const details =
    groups.length === 0
      ? ['the identity provider names no group of this person']
      : [`groups: ${groups.join(', ')}`];
  throw new Failure(
    'NO_ROLE',
    `${name} is logged in at the identity provider, and no group of theirs has a role here.`,
    {
      details,
    },
  );
}

function setSession(
  reply: FastifyReply,
  cookie: string,
  { secure, expiresAt }: { secure: boolean; expiresAt: number },
): void {
  reply.setCookie(SESSION_COOKIE, cookie, {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure,
    expires: new Date(expiresAt),
  });
}
