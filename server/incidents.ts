import type { IncidentTexts } from '../plans/incident-cadence.ts';
import { incidentReview, incidentSummary } from '../rollout/reporting/incident-review.ts';
import type { Outbox, RolloutRow, RolloutStore } from '../store/store.ts';
import { viewOf } from './live.ts';
import type { Reports } from './reports.ts';

interface ReviewParts {
  rollouts: Pick<RolloutStore, 'journal'>;
  outbox: Pick<Outbox, 'of'>;
  reports: Reports;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What a replay of the rollout says of its incident; null: it had none. */
export async function incidentTexts(parts: ReviewParts, row: RolloutRow): Promise<IncidentTexts | null> {
  const [report, journal, outbox] = await Promise.all([
    parts.reports.of(row),
    parts.rollouts.journal(row.id),
    parts.outbox.of(row.id),
  ]);
  const messages = outbox.map(({ notification, sentAt }) => ({
    event: notification.event,
    channel: notification.channel,
    at: notification.at,
    sentAt,
  }));
  const review = incidentReview({ report, view: viewOf(row), journal, messages, now: parts.now() });
  return review === null ? null : { summary: incidentSummary({ report }), review };
}
