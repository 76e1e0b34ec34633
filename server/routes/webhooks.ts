import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { allows } from '../../plans/access.ts';
import { Failure } from '../../plans/failures.ts';
import { BugText } from '../api/bugs.ts';
import { AlertRequest } from '../api.ts';
import { callerOf } from '../auth/guard.ts';
import type { ServerDeps } from '../deps.ts';
import type { OutsideAlert } from '../engine.ts';
import { RefusedAlert, tellGroup } from '../webhooks/alert-group.ts';
import { AlertmanagerPayload } from '../webhooks/alertmanager.ts';
import { bugAlert } from '../webhooks/bug.ts';
import { verified } from '../webhooks/signed.ts';
import { concerned, demandAll, once, tell } from '../webhooks/tell.ts';

/** The rollouts that were told. None is no error: most alerts concern no rollout. `repeated`: this one was taken before. */
const WebhookReply = z.strictObject({ rollouts: z.array(z.string()), repeated: z.boolean() });

const GroupReply = WebhookReply.extend({
  refused: z.array(RefusedAlert),
  /** Alerts that are about a rollout and were not told, since a group tells the first 1,000 of them: firing ones first. */
  leftOut: z.number(),
  /** What Alertmanager itself left out of the group, by its `max_alerts`. */
  truncated: z.number(),
});

/** What bounds the memory that a group takes: some ten thousand alerts. */
const MOST_BYTES = 16 * 1024 * 1024;

const Message = z.discriminatedUnion('type', [
  AlertRequest.omit({ scope: true }).extend({
    type: z.literal('alert'),
    scope: z.enum(['canary', 'service']),
  }),
  /** A bug in the new path; only a critical one can stop a rollout. */
  BugText.extend({
    type: z.literal('bug'),
    reporter: z.string().min(1).max(200).optional(),
    rollout: z.string().optional(),
    flag: z.string().optional(),
    service: z.string().optional(),
    environment: z.string().optional(),
  }),
  /** Another deployment: of a service, or of what stands behind a flag. */
  z.strictObject({
    type: z.literal('deploy'),
    version: z.string().min(1),
    service: z.string().optional(),
    flag: z.string().optional(),
    environment: z.string().optional(),
    detail: z.string().default(''),
  }),
]);

/** Messages from other programs: Alertmanager's own, and signed ones of anybody. */
export const webhookRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    app.post('/webhooks/alertmanager', {
      config: { access: ['operate'] },
      schema: {
        tags: ['alerts'],
        summary: 'What Alertmanager posts; its labels name a rollout, a flag or a service',
        body: AlertmanagerPayload,
        response: { 202: GroupReply },
      },
      bodyLimit: MOST_BYTES,
      handler: async (request, reply) => {
        const caller = callerOf(request);
        const { alerts, truncatedAlerts } = request.body;
        const told = await tellGroup(deps, alerts, {
          from: caller.name,
          demand: (place) => caller.demand('operate', place),
        });
        const { refused, leftOut } = told;
        // Alertmanager reads no answer.
        if (refused.length > 0 || leftOut > 0 || truncatedAlerts > 0)
          request.log.warn({ refused, leftOut, truncatedAlerts }, 'alerts were not told');
        return reply.code(202).send({ ...told, truncated: truncatedAlerts });
      },
    });

    await app.register(signedRoute(deps));
  };

/** `name`: of the webhook. */
function alertOf(body: z.infer<typeof Message>, name: string): OutsideAlert {
  switch (body.type) {
    case 'deploy':
      return { name: body.version, scope: 'deploy', status: 'firing', detail: body.detail, from: name };
    case 'bug':
      return bugAlert(body, body.reporter === undefined ? name : `${body.reporter} (${name})`);
    case 'alert':
      return { name: body.name, scope: body.scope, status: body.status, detail: body.detail, from: name };
  }
}

/** Apart, because it reads the body as it was signed. */
const signedRoute =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const texts = new WeakMap<FastifyRequest, string>();
    const parse = app.getDefaultJsonParser('error', 'error');
    app.removeContentTypeParser('application/json');
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'string' },
      (request: FastifyRequest, text: string, done) => {
        texts.set(request, text);
        void parse(request, text, done);
      },
    );

    app.post('/webhooks/:name', {
      // Whoever sends it has the secret, and no token.
      config: { access: 'public' },
      schema: {
        tags: ['alerts'],
        summary: 'A signed alert or deployment (Standard Webhooks)',
        params: z.strictObject({ name: z.string().min(1) }),
        body: Message,
        response: { 202: WebhookReply },
      },
      preValidation: async (request) => {
        const { name } = request.params;
        const webhook = Object.hasOwn(deps.webhooks, name) ? deps.webhooks[name] : undefined;
        // Whoever guesses names learns nothing from the answer.
        const secret = webhook?.secret ?? 'no webhook of this name';
        verified(request.headers, texts.get(request) ?? '', { secret, now: deps.now() });
        if (webhook === undefined)
          throw new Failure('WEBHOOK_REFUSED', 'The signature is not of this message and secret.');
      },
      handler: async (request, reply) => {
        const { name } = request.params;
        const { body } = request;
        const grants = deps.webhooks[name]?.grants ?? [];
        const { flag, service, environment } = body;
        const rollout = body.type === 'deploy' ? undefined : body.rollout;
        const rows = await concerned(deps, { rollout, flag, service, environment });
        demandAll(rows, (place) => {
          if (allows(grants, 'operate', place)) return;
          throw new Failure(
            'PERMISSION_MISSING',
            `The webhook ${name} may not speak of ${place.flag ?? ''} there.`,
          );
        });
        const alert = alertOf(body, name);
        const id = String(request.headers['webhook-id']);
        const told = await once(deps, { source: `webhook ${name}`, id }, () => tell(deps, rows, alert));
        return reply.code(202).send({ rollouts: told ?? [], repeated: told === null });
      },
    });
  };
