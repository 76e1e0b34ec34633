import type { Assessment } from '../../../plans/assessment.ts';
import type { Exposure } from '../../../plans/exposure.ts';
import type { LiveEvent } from '../../../server/api.ts';

/** The canary's traffic in the present stage. */
export interface Traffic {
  /** Requests a minute, over the stage so far. */
  perMinute: number;
  /** Distinct users of this stage; null: not counted. */
  users: number | null;
}

const MINUTE = 60_000;

/** Null: nothing was counted yet. */
export function trafficOf({ view, live }: Pick<LiveEvent, 'view' | 'live'>): Traffic | null {
  const assessment = presentAssessment({ view, live });
  if (assessment === null || live === null || view.stageSince === null) return null;
  const requests = Math.max(0, ...assessment.metrics.map(({ canaryRequests }) => canaryRequests));
  const minutes = (live.at - view.stageSince) / MINUTE;
  if (requests === 0 || minutes <= 0) return null;
  return { perMinute: requests / minutes, users: live.sample?.canary.users ?? null };
}

/** The gate's look belongs to the present stage; that of an earlier one would be taken for this one's. */
export function presentAssessment({ view, live }: Pick<LiveEvent, 'view' | 'live'>): Assessment | null {
  const assessment = live?.assessment ?? null;
  return assessment?.stage === view.stage ? assessment : null;
}

/** About how many requests a minute change their path between two exposures; null: not known. */
export function movedPerMinute(traffic: Traffic | null, from: Exposure, to: Exposure): number | null {
  if (traffic === null || from.percent <= 0) return null;
  return (traffic.perMinute * Math.abs(to.percent - from.percent)) / from.percent;
}

/** 1,234 → `about 1,200`. */
export function about(amount: number): string {
  const size = amount >= 1000 ? 100 : amount >= 100 ? 10 : 1;
  return `about ${(Math.round(amount / size) * size).toLocaleString('en-US')}`;
}
