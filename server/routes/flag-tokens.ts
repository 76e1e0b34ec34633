import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { issueToken } from '../../flags/token.ts';
import { Failure } from '../../plans/failures.ts';
import type { TokenRow } from '../../store/tokens.ts';
import { IssuedTokenReply, TokenQuery, TokenReply, TokenRequest, TokensReply } from '../api/flag-tokens.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';

function tokenReply({ hash: _hash, ...row }: TokenRow, now: number): TokenReply {
  const over = row.expiresAt !== null && row.expiresAt <= now;
  return { ...row, state: row.revokedAt !== null ? 'revoked' : over ? 'expired' : 'valid' };
}

/** Whoever may hand out the flags of an environment administers it. @throws Failure PERMISSION_MISSING */
function administrator(request: FastifyRequest, environment: string): string {
  const caller = callerOf(request);
  caller.demand('administer', { environment, flag: null });
  return caller.name;
}

/** Tokens by which applications read the flags of one environment. */
export const flagTokenRoutes =
  ({ tokens, now }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/flag-tokens', {
      config: { access: ['administer'], idempotency: 'none' },
      schema: {
        tags: ['flags'],
        summary: 'Make a token; the answer is the only place where it stands',
        body: TokenRequest,
        response: { 201: IssuedTokenReply },
      },
      handler: async (request, reply) => {
        const { environment, name, expiresIn } = request.body;
        const by = administrator(request, environment);
        const { id, token, hash } = issueToken();
        const expiresAt = expiresIn === null ? null : now() + expiresIn * 1000;
        const row = await tokens.create({ id, environment, name, hash, createdBy: by, expiresAt });
        reply.header('cache-control', 'no-store');
        return reply.code(201).send({ ...tokenReply(row, now()), token });
      },
    });

    app.get('/flag-tokens', {
      config: { access: ['administer'] },
      schema: {
        tags: ['flags'],
        summary: 'List tokens, without the tokens themselves',
        querystring: TokenQuery,
        response: { 200: TokensReply },
      },
      handler: async (request) => {
        const { environment } = request.query;
        const rows = await tokens.list();
        const caller = callerOf(request);
        const wanted = rows.filter(
          (row) =>
            (environment === undefined || row.environment === environment) &&
            caller.may('administer', { environment: row.environment, flag: null }),
        );
        return { tokens: wanted.map((row) => tokenReply(row, now())) };
      },
    });

    app.post('/flag-tokens/:id/revoke', {
      config: { access: ['administer'] },
      schema: {
        tags: ['flags'],
        summary: 'End a token now',
        params: z.strictObject({ id: z.string().min(1) }),
        response: { 200: TokenReply },
      },
      handler: async (request) => {
        const { id } = request.params;
        const found = (await tokens.list()).find((row) => row.id === id);
        if (found === undefined) throw new Failure('FLAG_TOKEN_UNKNOWN', `There is no token ${id}.`);
        const by = administrator(request, found.environment);
        return tokenReply(await tokens.revoke(id, by), now());
      },
    });
  };
