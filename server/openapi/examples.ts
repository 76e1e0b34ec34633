import type { Operation } from './operation.ts';

const plan = `metadata: { name: pricing-v2, service: shop }
environment: production
flag: { key: pricing-v2 }
metrics:
  - { name: errors, kind: ratio, bad: 'http_requests_total{code=~"5.."}', total: http_requests_total, soft: +0.1pp, hard: +0.5pp }
stages:
  - { name: 5%, percent: 5, bake: 1h }
  - { name: 100%, percent: 100, bake: 1h }
`;

/** What a parameter may be, by its name. */
export const PARAMETERS: Readonly<Record<string, unknown>> = {
  id: 'pricing-v2-1',
  action: 'pause',
  environment: 'production',
  flag: 'pricing-v2',
  key: 'pricing-v2',
  service: 'shop',
  q: 'pricing ada',
  phase: 'submitted,active',
  waiting: 'me',
  days: 14,
  'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324',
};

/** A usual body, by method and address. */
export const BODIES: Readonly<Record<string, unknown>> = {
  'post /api/v1/session': { token: 'tg_3f9c0a12b4d5_...' },
  'post /api/v1/tokens': { name: 'sam', grants: ['submitter', 'approver:on-call@production'], days: 90 },
  'post /api/v1/plans/check': { text: plan, file: 'plan.yaml' },
  'post /api/v1/plans/preflights': { text: plan, file: 'plan.yaml', days: 7 },
  'post /api/v1/rollouts': { text: plan, file: 'plan.yaml' },
  'post /api/v1/rollouts/{id}/actions/{action}': { reason: 'lunch', seq: 9 },
  'post /api/v1/rollouts/{id}/exposure': { percent: 25, sequence: 4, mover: 'ada' },
  'post /api/v1/rollouts/{id}/bugs': { title: 'Totals are rounded twice', severity: 'critical' },
  'post /api/v1/rollouts/{id}/incident/close': { reason: 'the old path serves everybody again' },
  'post /api/v1/rollouts/{id}/retry': {
    from: '5%',
    reason: 'totals are rounded once',
    build: 'shop:2.4.2',
  },
  'post /api/v1/rollouts/{id}/supersede': { text: plan, reason: 'a newer engine', confirm: false },
  'post /api/v1/rollouts/{id}/evidence': { kind: 'tests', ok: true, url: 'https://ci.example.com/run/7' },
  'post /api/v1/rollouts/{id}/drill': { reason: 'the monthly rehearsal', percent: 5, within: 300 },
  'post /api/v1/rollouts/{id}/drill/end': { reason: 'enough' },
  'post /api/v1/rollouts/{id}/amend': { text: plan, reason: 'a longer bake' },
  'post /api/v1/flags/{key}/kill': { reason: 'wrong totals' },
  'post /api/v1/flags/{key}/unlock': { reason: 'mended' },
  'post /api/v1/flags/{key}/exposure': { reason: 'a try', percent: 5 },
  'post /api/v1/flags/{key}/undo': { reason: 'back', to: 3 },
  'post /api/v1/flag-tokens': { environment: 'production', name: 'shop-web', expiresIn: 7_776_000 },
  'post /api/v1/segments/{name}/join': { key: 'user-1' },
  'post /api/v1/segments/{name}/leave': { key: 'user-1' },
  'post /api/v1/segments/{name}/forget': { key: 'user-1' },
  'post /api/v1/segments/{name}/undo': { reason: 'back', to: 3 },
  'post /api/v1/segments/{name}/remove': { reason: 'nobody uses it' },
  'post /api/v1/alerts': { name: 'HighErrors', scope: 'canary', flag: 'pricing-v2' },
};

const stream = (events: string): Operation['responses'][string] => ({
  description: `Server-sent events, which go on after \`Last-Event-ID\`. ${events}`,
  content: { 'text/event-stream': { schema: { type: 'string' } } },
});
const over = { description: 'The rollout is over, and the reader has seen its last line.' };

/** Answers that are no JSON of one shape. */
export const PLAIN: Readonly<Record<string, Operation['responses']>> = {
  'get /api/v1/events': {
    200: stream(
      '`ready`: where it begins; `change`: a `BoardEvent`; `reset`: read the list again; `problem`: a `Problem`.',
    ),
  },
  'post /api/v1/webhooks/slack': {
    200: {
      description: 'The click was taken; what became of it is told in Slack.',
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
  },
  'get /api/v1/board': {
    200: {
      description:
        'Server-sent events: `rows`: what there is and then what changes, a `rows` object; `problem`: a `Problem`.',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
  },
  'get /api/v1/rollouts/{id}/events': {
    200: stream('`change`: a `LiveEvent`; `problem`: a `Problem`.'),
    204: over,
  },
  'get /api/v1/rollouts/{id}/trace': {
    200: {
      description: 'Samples as JSON lines',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    },
  },
  'get /api/v1/rollouts/{id}/incident/review': {
    200: {
      description: 'The draft',
      content: {
        'application/json': { schema: { type: 'object' } },
        'text/markdown': { schema: { type: 'string' } },
      },
    },
  },
  'get /api/v1/rollouts/{id}/report': {
    200: {
      description: 'The report',
      content: {
        'application/json': { schema: { type: 'object' } },
        'text/markdown': { schema: { type: 'string' } },
        'text/html': { schema: { type: 'string' } },
      },
    },
  },
};
