import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Failure } from '../../plans/failures.ts';
import type { ServerDeps } from '../deps.ts';
import { REPLAYED_HEADER } from '../idempotency.ts';
import { clickIn, jsonOf } from '../webhooks/slack-click.ts';
import { createClicks } from '../webhooks/slack-clicks.ts';
import { slackVerified } from '../webhooks/slack-signature.ts';

/** Buttons in Slack. The answer to Slack says only that a click has come; what became of it is told in the message. */
export const slackRoutes =
  (deps: ServerDeps): FastifyPluginAsyncZod =>
  async (app) => {
    const texts = new WeakMap<FastifyRequest, string>();
    const clicks = createClicks(deps);
    app.addHook('onReady', async () => {
      if (deps.slack !== null) clicks.start();
    });
    app.addHook('onClose', () => clicks.stop());
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      async (request: FastifyRequest, text: string | Buffer): Promise<unknown> => {
        texts.set(request, text.toString());
        return Object.fromEntries(new URLSearchParams(text.toString()));
      },
    );

    app.post('/webhooks/slack', {
      // Slack signs it, and has no token.
      config: { access: 'public' },
      schema: {
        tags: ['rollouts'],
        summary: 'A button in Slack (Request URL of its interactivity)',
        body: z.looseObject({ payload: z.string() }),
      },
      preValidation: async (request) => {
        // Whoever has no secret does not learn whether there is one.
        const secret = deps.slack?.signingSecret ?? 'no buttons';
        slackVerified(request.headers, texts.get(request) ?? '', { secret, now: deps.now() });
        if (deps.slack === null)
          throw new Failure('WEBHOOK_REFUSED', 'The signature is not of this message and secret.');
      },
      handler: async (request, reply) => {
        const click = clickIn(jsonOf(request.body.payload));
        if (click !== null) {
          const id = String(request.headers['x-slack-signature']);
          // Whoever repeats it has lost the answer: it is the same as the first time, and nothing is done again.
          if (!(await clicks.take(id, click))) reply.header(REPLAYED_HEADER, 'true');
        }
        return reply.code(200).type('text/plain').send('');
      },
    });
  };
