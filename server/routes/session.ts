import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { formatGrant } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { CallerReply, LoginRequest } from '../api/access.ts';
import { type Caller, callerOf, SESSION_COOKIE } from '../auth/guard.ts';
import { localPath } from '../auth/oidc.ts';
import type { ServerDeps } from '../deps.ts';
import { isLoopback } from '../loopback.ts';

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
  ({ access }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/session', {
      config: { access: 'anyone' },
      schema: { tags: ['access'], summary: 'Who is logged in', response: { 200: CallerReply } },
      handler: async (request) => replyOf(callerOf(request)),
    });

    app.post('/session', {
      config: { access: 'public' },
      schema: {
        tags: ['access'],
        summary: 'Log a browser in with a token',
        body: LoginRequest,
        response: { 201: CallerReply },
      },
      handler: async (request, reply) => {
        const from = { loopback: isLoopback(request.socket.remoteAddress ?? '') };
        const principal = await access.keyring.principalOf(request.body.token, from);
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

/** The way to the identity provider and back, for browsers. */
export const loginRoutes =
  ({ access }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const { login, secure } = access;
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
