import { describe, expect, it } from 'vitest';
import type { Notification } from '../plans/journal.ts';
import { assessment, planOf, World } from './world.fixture.ts';

const notify = [
  { channel: 'incidents', events: ['incident'] },
  { channel: 'both', events: ['hard-stop', 'killed', 'rolled-back', 'incident'] },
];

function started(): World {
  const world = new World(planOf({ approvals: {}, notify }));
  world.event({ kind: 'begin' });
  world.event({ kind: 'peers', older: [] });
  world.settle();
  return world;
}

function sent({ commands }: World): Notification[] {
  return commands.flatMap((command) => (command.kind === 'record' ? command.request.notifications : []));
}

describe('an incident', () => {
  it('is opened at once by what stops the rollout, once, with cause, evidence, who was hit and where to look', () => {
    const world = started();
    const metric = { metric: 'errors', verdict: 'hard', canaryRequests: 650.4 } as never;
    world.report(assessment('hard', { metric: 'errors', metrics: [metric] }));
    const messages = sent(world);
    expect(messages.map(({ channel, event }) => `${channel} ${event}`)).toEqual([
      'incidents incident',
      'both incident',
    ]);
    expect(messages[0]).toMatchObject({
      title: 'Incident: pricing stopped hard in production (internal)',
      evidence: { verdict: 'hard' },
      incident: {
        automatic: true,
        cause: { kind: 'gate' },
        text: 'hard stop by the gate: hard',
        affected: { audience: 'employees', requests: 650 },
        links: {
          rollout: '/rollouts/pricing-1',
          report: '/api/v1/rollouts/pricing-1/report?format=html',
          journal: '/api/v1/rollouts/pricing-1/journal',
        },
      },
    });
    expect(messages[0]?.summary).toContain('The canary had: employees, 650 requests in this stage.');
    world.event({ kind: 'killed', by: 'kim', reason: 'to be sure' });
    world.settle();
    expect(sent(world).map(({ channel, event }) => `${channel} ${event}`)).toEqual([
      'incidents incident',
      'both incident',
      'both killed',
      'both rolled-back',
    ]);
  });

  it('is said to be by a person where one stopped it', () => {
    const world = started();
    world.event({ kind: 'killed', by: 'kim', reason: 'complaints' });
    expect(sent(world)[0]?.incident).toMatchObject({ automatic: false, text: 'killed by kim: complaints' });
  });

  it('is none before anybody had the canary, nor where a person ends the rollout for good', () => {
    const early = new World(planOf({ notify }));
    early.event({ kind: 'begin' });
    early.person('rollback');
    early.settle();
    const ended = started();
    ended.person('supersede');
    ended.settle();
    for (const world of [early, ended])
      expect(sent(world).filter(({ event }) => event === 'incident')).toEqual([]);
  });
});
