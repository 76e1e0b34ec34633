import { describe, expect, test } from 'vitest';
import { NO_EXPOSURE } from './exposure.ts';
import { type JournalEntry, TRANSITIONS, type Transition } from './journal.ts';
import { notificationsFor } from './notification.ts';
import { Plan } from './plan.ts';
import type { RolloutView } from './view.ts';

const subscriptions: Plan['notify'] = [
  { channel: 'slack', events: ['started', 'advanced', 'completed'] },
  { channel: 'pager', events: ['paused', 'rolled-back', 'no-data'] },
  { channel: 'log', events: [...TRANSITIONS] },
  { channel: 'pager', events: ['no-data'] },
];

const plan = Plan.parse({
  metadata: { name: 'pricing-v2', title: 'New pricing engine', owner: 'payments', ticket: 'PAY-1' },
  flag: { key: 'pricing' },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'all' }],
  stages: [{ name: '5%', percent: 5 }],
  notify: subscriptions,
});

const pause: RolloutView['pause'] = { reason: 'why', since: 0, deadline: 1, then: 'step-back' };
const stop = (transition: Transition): RolloutView['stop'] => ({
  cause: { kind: 'policy', reason: '' },
  transition,
  at: 0,
});

const active: RolloutView = {
  id: 'pricing-v2-1',
  name: 'pricing-v2',
  title: null,
  owner: null,
  service: null,
  environment: 'production',
  flag: 'pricing',
  phase: 'active',
  stage: '5%',
  stages: [],
  exposure: NO_EXPOSURE,
  safeExposure: NO_EXPOSURE,
  flagRevision: 1,
  epoch: 1,
  planRevision: 1,
  submittedBy: 'ada',
  submittedAt: 0,
  stageSince: 0,
  endedAt: null,
  blockers: [],
  next: '',
  pause: null,
  stop: null,
  seq: 3,
};

function entry(transition: Transition): JournalEntry {
  return {
    rolloutId: 'pricing-v2-1',
    seq: 3,
    at: 1000,
    transition,
    stage: '5%',
    cause: { kind: 'policy', reason: '' },
    summary: 'What happened.',
    exposure: { percent: 5, segments: [], variant: null },
    flagBefore: null,
    flagAfter: null,
    evidence: null,
    queries: [],
  };
}

const channels = (transition: Transition, view: Partial<RolloutView> = {}) =>
  notificationsFor(entry(transition), { ...active, ...view }, plan).map(({ channel }) => channel);
const commands = (transition: Transition, view: Partial<RolloutView> = {}) =>
  notificationsFor(entry(transition), { ...active, ...view }, plan)[0]?.actions.map(({ command }) => command);

describe('a message goes', () => {
  test.each<[Transition, string[]]>([
    ['started', ['slack', 'log']],
    ['paused', ['pager', 'log']],
    ['soft-stop', ['pager', 'log']],
    ['drift', ['pager', 'log']],
    ['no-data', ['pager', 'log']],
    ['write-failed', ['pager', 'log']],
    ['hard-stop', ['log']],
    ['resumed', ['log']],
  ])('for %s to %j, each once', (transition, expected) => expect(channels(transition)).toEqual(expected));

  test('for a hard stop that only pauses to whoever hears of pauses', () => {
    expect(channels('hard-stop', { pause })).toEqual(['pager', 'log']);
  });
});

describe('a message says', () => {
  test('what, where and whose it is', () => {
    expect(notificationsFor(entry('rolled-back'), active, plan)[0]).toMatchObject({
      rolloutId: 'pricing-v2-1',
      seq: 3,
      event: 'rolled-back',
      channel: 'pager',
      summary: 'What happened.',
      title: 'New pricing engine rolled back in production (5%)',
      rollout: {
        name: 'pricing-v2',
        owner: 'payments',
        ticket: 'PAY-1',
        flag: 'pricing',
        stage: '5%',
        percent: 5,
      },
    });
  });

  test.each(TRANSITIONS)('a title for %s', (transition) => {
    expect(notificationsFor(entry(transition), active, plan).at(-1)?.title).toMatch(
      /^New pricing engine .+\(5%\)$/,
    );
  });

  test.each<[string, Transition, Partial<RolloutView>, string[]]>([
    [
      'accept, step back or roll back at a soft stop',
      'soft-stop',
      { pause },
      ['status', 'approve', 'step-back', 'rollback'],
    ],
    ['only roll back at a hard stop that paused', 'hard-stop', { pause }, ['status', 'rollback']],
    ['go on or roll back at a pause', 'paused', { pause }, ['status', 'resume', 'rollback']],
    [
      'take the flag back or go on from what it serves at a drift',
      'drift',
      { pause, drift: { restores: NO_EXPOSURE, accepts: '1%', refused: null } },
      ['status', 'resume', 'accept-drift', 'step-back', 'rollback'],
    ],
    [
      'not accept a drift where that would be refused',
      'drift',
      { pause, drift: { restores: NO_EXPOSURE, accepts: null, refused: 'more than the stage' } },
      ['status', 'resume', 'step-back', 'rollback'],
    ],
    [
      'look while it is being rolled back',
      'hard-stop',
      { stop: stop('hard-stop'), phase: 'reverting' },
      ['status'],
    ],
    ['look when it is over', 'rolled-back', { stop: stop('hard-stop'), phase: 'rolled-back' }, ['status']],
    ['pause or roll back while it runs', 'advanced', {}, ['status', 'pause', 'rollback']],
  ])('that one can %s', (_, transition, view, names) => {
    const all = [{ channel: 'log', events: [...TRANSITIONS] }];
    const [message] = notificationsFor(entry(transition), { ...active, ...view }, { ...plan, notify: all });
    expect(message?.actions.map(({ command }) => command)).toEqual(
      names.map((name) => `tidegate ${name} pricing-v2-1`),
    );
  });

  test('that one can approve once only the approval is missing', () => {
    const blocker = (kind: 'approval' | 'gate') => ({ kind, text: '', until: null, roles: [] });
    expect(commands('approval-needed', { blockers: [blocker('approval')] })).toContain(
      'tidegate approve pricing-v2-1',
    );
    expect(commands('advanced', { blockers: [blocker('approval'), blocker('gate')] })?.join()).not.toContain(
      'approve',
    );
  });

  test.each<[string, Transition, Partial<RolloutView>, string, string]>([
    ['rollback', 'advanced', {}, 'Roll back', 'The flag goes back to nobody at once, and the rollout ends.'],
    [
      'pause',
      'advanced',
      {},
      'Pause',
      'No further stage opens until somebody resumes it. The canary stays at nobody.',
    ],
    [
      'resume',
      'paused',
      { pause },
      'Go on',
      'The rollout goes on from where it is, with the canary at nobody.',
    ],
    [
      'approval',
      'approval-needed',
      {
        blockers: [{ kind: 'approval', text: '', until: null, roles: [] }],
        stages: [
          { name: '5%', percent: 5, state: 'now' },
          { name: '25%', percent: 25, state: 'ahead' },
        ],
      },
      'Approve',
      'Stage 25% (25 %) may open once nothing else holds it.',
    ],
  ])('what a %s leads to', (_, transition, view, label, effect) => {
    const all = [{ channel: 'log', events: [...TRANSITIONS] }];
    const [message] = notificationsFor(entry(transition), { ...active, ...view }, { ...plan, notify: all });
    expect(message?.actions.find((one) => one.label === label)?.effect).toBe(effect);
    expect(message?.actions[0]).not.toHaveProperty('effect');
  });

  test('how a killed flag is freed', () => {
    expect(commands('killed', { stop: stop('killed') })).toContain(
      'tidegate unlock pricing --environment production --reason "..."',
    );
  });
});
