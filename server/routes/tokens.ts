import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { formatGrant } from '../../plans/access.ts';
import type { ApiToken } from '../../store/access-contract.ts';
import { CreatedTokenReply, CreateTokenRequest, TokenReply, TokensReply } from '../api/access.ts';
import { type Caller, callerOf } from '../auth/guard.ts';
import { EVERYWHERE } from '../auth/places.ts';
import type { ServerDeps } from '../deps.ts';

function replyOf({ hash: _hash, grants, ...entry }: ApiToken): TokenReply {
  return { ...entry, grants: grants.map(formatGrant) };
}

/** Who could hand out more than it has must have it everywhere. */
function administrator(request: FastifyRequest): Caller {
  const caller = callerOf(request);
  caller.demand('administer', EVERYWHERE);
  return caller;
}

/** Tokens of people and programs. */
export const tokenRoutes =
  ({ access: { keyring } }: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.get('/tokens', {
      config: { access: ['administer'] },
      schema: { tags: ['access'], summary: 'List tokens', response: { 200: TokensReply } },
      handler: async (request) => {
        administrator(request);
        return { tokens: (await keyring.list()).map(replyOf) };
      },
    });

    app.post('/tokens', {
      config: { access: ['administer'], idempotency: 'none' },
      schema: {
        tags: ['access'],
        summary: 'Make a token, shown this once',
        body: CreateTokenRequest,
        response: { 201: CreatedTokenReply },
      },
      handler: async (request, reply) => {
        const { name } = administrator(request);
        const { token, entry } = await keyring.create({ ...request.body, by: name });
        request.log.info({ token: entry.id, name: entry.name, by: name }, 'a token was made');
        return reply.code(201).send({ ...replyOf(entry), token });
      },
    });

    app.delete('/tokens/:id', {
      config: { access: ['administer'] },
      schema: {
        tags: ['access'],
        summary: 'Revoke a token',
        params: z.strictObject({ id: z.string().min(1) }),
        response: { 200: TokenReply },
      },
      handler: async (request) => {
        const { name } = administrator(request);
        const entry = await keyring.revoke(request.params.id, name);
        request.log.info({ token: entry.id, by: name }, 'a token was revoked');
        return replyOf(entry);
      },
    });
  };
