import { clientMetrics, unusedByClient } from '../client-metrics.ts';
import { type Answers, ROLES } from './answers.ts';
import { type Profile, profileOf } from './profiles.ts';
import type { Schedule } from './schedule.ts';

/** A plan as it stands in YAML, in the order in which people read it. */
export type DraftPlan = Record<string, unknown> & { stages: Record<string, unknown>[] };

/** Where a plan is rehearsed that is written for another environment. */
const REHEARSAL = 'staging';

/** The plan of a change, with every threshold in it; the schedule is reckoned in `analysis/`. */
export function draftPlan(answers: Answers, schedule: Schedule): DraftPlan {
  const { profile } = profileOf(answers);
  const { service, flag, migration } = answers;
  const metrics = clientMetrics({ service, flag, errors: profile.errors, latency: profile.latency });
  const forward = answers.reversibility === 'forward-only';
  return {
    apiVersion: 'tidegate/v1',
    kind: 'RolloutPlan',
    metadata: {
      name: answers.name,
      ...(answers.title === undefined ? {} : { title: answers.title }),
      owner: answers.owner,
      ticket: answers.ticket,
      risk: answers.risk,
      service,
    },
    environment: answers.environment,
    reversibility: answers.reversibility,
    ...(forward ? { safeExposure: { variant: 'disabled' } } : {}),
    flag: {
      key: flag,
      expires: answers.expires,
      ...(forward ? { variants: { on: 'on', off: 'off', disabled: 'disabled' } } : {}),
    },
    ...(migration ? { migration: { writes: forward ? 'canary' : 'both', parity: 'parity' } } : {}),
    source: metrics.source,
    metrics: metrics.metrics,
    limits: [
      { name: 'error ceiling', metric: 'errors', ...profile.ceiling, action: 'rollback' },
      // Data that differ are lost to whoever is served them: nobody is asked first.
      ...metrics.limits.map((limit) => (migration ? { ...limit, action: 'rollback' } : limit)),
    ],
    policy: { soft: 'pause', hard: 'rollback', noData: profile.noData, pause: profile.pause },
    stages: stagesOf(answers, { profile, schedule }),
    ...(profile.approvals.each === undefined ? {} : { approval: profile.approvals.each }),
    ...(profile.lease === null ? {} : { lease: profile.lease }),
    windows: { timezone: answers.timezone, allow: [...profile.windows] },
    ...(profile.approvals.start === undefined ? {} : { approvals: { start: profile.approvals.start } }),
    ...beforeOf(profile),
    alerts: { canary: 'rollback', service: 'pause', deploy: profile.deploy },
    notify: notifyOf(answers, profile),
    ...(schedule.unseen === null ? {} : { allow: [{ rule: 'PLAN-UNSEEN', reason: schedule.unseen }] }),
  };
}

function stagesOf(
  answers: Answers,
  { profile, schedule }: { profile: Profile; schedule: Schedule },
): Record<string, unknown>[] {
  const { approvals } = profile;
  const { service, flag } = answers;
  const last = schedule.stages.length - 1;
  const shared = schedule.stages.map(({ percent, bake, minRequests, minUsers }, index) => {
    // With one stage both are asked there; the later question is the graver one.
    const approval =
      index === last ? (approvals.last ?? approvals.first) : index === 0 ? approvals.first : undefined;
    return {
      name: `${percent}%`,
      percent,
      bake: written(bake),
      ...(minRequests === null ? {} : { minRequests }),
      ...(minUsers === null ? {} : { minUsers }),
      ...(approval === undefined ? {} : { approval }),
    };
  });
  return [
    { name: 'internal', audience: { segments: [answers.segment] }, bake: written(profile.internal) },
    ...shared,
    {
      name: '100%',
      percent: 100,
      bake: written(profile.full),
      ...(approvals.end === undefined ? {} : { approval: approvals.end }),
    },
    {
      name: 'decommission',
      decommission: { cleanFor: profile.cleanFor, unused: unusedByClient({ service, flag }) },
    },
  ];
}

/** A drill comes before the first stage of production, so it is one of another environment. */
function beforeOf({ before }: Profile): Record<string, unknown> {
  if (before === null) return {};
  const drill = before.drill ? { drill: { within: '30d', environment: REHEARSAL } } : {};
  const waive = { roles: [ROLES.operations] };
  return { before: { metrics: 'baseline', ...drill, evidence: [...before.evidence], waive } };
}

function notifyOf({ channel, pager }: Answers, { pages }: Profile): Record<string, unknown>[] {
  const stops = ['paused', 'rolled-back', 'no-data'];
  const news = ['started', 'advanced', 'approval-needed', 'completed'];
  if (!pages || pager === channel) return [{ channel, events: [...news, ...stops] }];
  return [
    { channel, events: [...news, 'rolled-back'] },
    { channel: pager, events: stops },
  ];
}

function written(seconds: number): string {
  return seconds % 86_400 === 0 && seconds > 2 * 86_400 ? `${seconds / 86_400}d` : `${seconds / 3600}h`;
}
