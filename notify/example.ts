import { type Digest, INCIDENT, type Notification, TRANSITIONS } from '../plans/journal.ts';
import { titleOf } from '../plans/notification.ts';
import { digestMessage } from './digest.ts';

/** A message that nobody gets, to try templates and channels with. */
export const EXAMPLE: Notification = {
  rolloutId: 'pricing-v2-1',
  seq: 7,
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  event: 'hard-stop',
  channel: 'example',
  title: 'New pricing engine stopped hard in production (5%)',
  summary: 'Hard stop: errors rose by 0.82 points, more than 0.50.',
  rollout: {
    name: 'pricing-v2',
    title: 'New pricing engine',
    environment: 'production',
    flag: 'pricing-v2',
    owner: 'payments',
    ticket: 'PAY-1',
    stage: '5%',
    percent: 5,
  },
  evidence: {
    verdict: 'hard',
    stage: '5%',
    t: 60,
    lnE: 6.1,
    threshold: 4.6,
    metric: 'errors',
    reason: 'errors rose by 0.82 points, more than 0.50',
    limits: [],
    holding: [],
    polls: { used: 4, ignored: 0, rejected: 0 },
    warnings: [],
    metrics: [
      {
        metric: 'errors',
        verdict: 'hard',
        lnE: 6.1,
        estimate: 0.0082,
        standardError: 0.001,
        baseline: 0.004,
        canary: 0.0122,
        baselineRequests: 12_300,
        canaryRequests: 650,
        soft: 0.001,
        hard: 0.005,
        interval: [0.0055, 0.011],
        proven: null,
      },
    ],
  },
  actions: [
    { label: 'Look', command: 'tidegate status pricing-v2-1' },
    {
      label: 'Roll back',
      command: 'tidegate rollback pricing-v2-1',
      effect: 'The flag goes back to nobody at once, and the rollout ends.',
    },
  ],
};

const EXAMPLE_DIGEST: Digest = {
  sections: [
    {
      title: 'Waiting for people',
      lines: [
        'pricing-v2-1 (production): stage 5% (5 %), waits for approval by one of on-call, until 2026-01-02 12:00:00 UTC',
      ],
    },
    {
      title: 'Paused',
      lines: [
        'search-3 (production): stage 25% (25 %), errors rose; without an answer by 2026-01-02 15:30:00 UTC: step-back',
      ],
    },
    {
      title: 'Going on',
      lines: ['checkout-7 (staging): stage 50% (50 %) for 3 h. When the gate passes, stage 100% opens.'],
    },
    { title: 'Ended', lines: ['basket-2 (production): completed 2026-01-01 16:20:11 UTC (everyone)'] },
  ],
};

/** The same for any event. */
export function exampleOf(event: Notification['event'], channel: string): Notification {
  if (event === 'daily-digest' || event === 'weekly-digest') {
    const day = '2026-01-02';
    const due = { key: `${event} ${day}`, kind: event, day, since: EXAMPLE.at - 86_400_000 };
    return digestMessage(EXAMPLE_DIGEST, { due, channel, at: EXAMPLE.at });
  }
  if (event === EXAMPLE.event) return { ...EXAMPLE, channel };
  if (event === INCIDENT)
    return {
      ...EXAMPLE,
      event,
      channel,
      title: `Incident: ${EXAMPLE.title}`,
      incident: {
        cause: { kind: 'gate', verdict: 'hard', reason: EXAMPLE.summary },
        automatic: true,
        text: `hard stop by the gate: ${EXAMPLE.summary}`,
        affected: { audience: '5 %', requests: 650 },
        links: {
          rollout: `/rollouts/${EXAMPLE.rolloutId}`,
          report: `/api/v1/rollouts/${EXAMPLE.rolloutId}/report?format=html`,
          journal: `/api/v1/rollouts/${EXAMPLE.rolloutId}/journal`,
        },
      },
    };
  const transition = TRANSITIONS.find((one) => one === event);
  if (transition === undefined) return { ...EXAMPLE, ...follower(event), event, channel, evidence: null };
  const { stage, environment, name, title } = EXAMPLE.rollout;
  return {
    ...EXAMPLE,
    event,
    channel,
    title: titleOf({ transition, stage }, { environment }, title ?? name),
    summary: 'An example: the reason stands here.',
  };
}

const SINCE = EXAMPLE.at;

/** What an example of a message has that stands for no line of the journal. */
function follower(event: Notification['event']): Partial<Notification> {
  const { rolloutId } = EXAMPLE;
  if (event === 'upcoming')
    return {
      turn: 1,
      title: 'Soon: New pricing engine in production, stage 25%',
      summary: 'Stage 25% gives the canary to 25 % on Fri 2026-01-02 05:04 UTC.',
      upcoming: { stage: '25%', audience: '25 %', at: SINCE + 7_200_000, was: null, bake: 86_400 },
      actions: [{ label: 'Look', command: `tidegate status ${rolloutId}` }],
    };
  const review = [
    '# Review: New pricing engine stopped hard in production (5%)',
    '',
    '## Timeline',
    '',
    '...',
  ];
  return {
    turn: 1,
    title: `Incident: ${EXAMPLE.title}`,
    summary: 'The flag is back; the metrics have not said yet that the traffic is, 15 min after it began.',
    standing: {
      state: 'verifying',
      since: SINCE,
      lines: [
        'Since: 2026-01-02 03:04:05 UTC, 15 min',
        `Cause: the gate: ${EXAMPLE.summary}`,
        'Exposure now: nobody',
        'Rollback: the flag is back; the metrics are asked where the traffic is',
        'Where it moved: endpoint /checkout has 82 % of the excess',
        'Who acts: nobody has done anything yet; payments is the team to ask',
      ],
      next: event === 'incident-update' ? SINCE + 1_800_000 : null,
    },
    ...(event === 'incident-review' ? { review } : {}),
    actions: [
      { label: 'Look', command: `tidegate incident show ${rolloutId}` },
      { label: 'Close the incident', command: `tidegate incident close ${rolloutId} --reason "..."` },
    ],
  };
}
