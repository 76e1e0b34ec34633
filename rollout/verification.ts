import { leavesCanary } from '../plans/exposure.ts';
import type { Plan } from '../plans/plan.ts';
import type { Reading } from '../plans/sample.ts';
import type { RolloutEvent } from './event.ts';
import type { RolloutState } from './state.ts';
import type { Turn } from './turn.ts';
import { journal, policy } from './turn.ts';

/** Asks whether traffic is back on the old path. Times in milliseconds since 1970; `origin` as of a gate. */
export interface VerifyRequest {
  rolloutId: string;
  plan: Plan;
  stage: string;
  origin: number;
  /** When the flag was back. */
  since: number;
}

/** How long the metrics may take to say so, in seconds: at least that, and at least so many windows. */
const PATIENCE = 600;
const WINDOWS = 3;

/** What is to be verified once a rollout is over; null: nobody had the canary, somebody keeps it, or the metrics cannot tell. */
export function verifyRequest(state: RolloutState): VerifyRequest | null {
  const { phase, exposure, startedAt, endedAt, plan } = state;
  if (phase !== 'rolled-back' || startedAt === null || endedAt === null) return null;
  if (!leavesCanary(exposure, plan.flag.canary)) return null;
  const stage = plan.stages[state.stage]?.name ?? '';
  return { rolloutId: state.id, plan, stage, origin: startedAt, since: endedAt };
}

/** The ends of the windows that are read, Unix seconds: whole ones, all of them after the flag was back. */
export function verifyWindows({ plan, since }: VerifyRequest): { first: number; last: number } {
  const { poll } = plan.source;
  const first = (Math.ceil(since / 1000 / poll) + 1) * poll;
  return { first, last: first + Math.max(PATIENCE, (WINDOWS - 1) * poll) };
}

export type Traffic =
  /** The baseline alone was served. */
  | { kind: 'back'; requests: number }
  | { kind: 'on-canary'; canary: number; requests: number }
  | { kind: 'unknown'; detail: string };

/** What one window says. A canary without series serves nothing; a window without any request says nothing. */
export function trafficOf(reading: Reading): Traffic {
  if (reading.kind === 'rejected') {
    const others = reading.rejections.filter(({ kind }) => kind !== 'no-canary');
    const [first] = others;
    if (first === undefined) return { kind: 'back', requests: 0 };
    return { kind: 'unknown', detail: 'detail' in first ? first.detail : `${first.metric}: ${first.kind}` };
  }
  const { baseline, canary } = reading.sample;
  const requests = baseline.requests + canary.requests;
  if (canary.requests > 0) return { kind: 'on-canary', canary: canary.requests, requests };
  if (requests === 0) return { kind: 'unknown', detail: 'there were no requests to tell by' };
  return { kind: 'back', requests };
}

/** The answer, journaled once. */
export function onVerified(turn: Turn, event: Extract<RolloutEvent, { kind: 'verified' }>): void {
  const cause = policy('after a rollback the metrics are asked where the traffic is');
  const { detail, queries } = event;
  const safe = turn.state.exposure.variant;
  switch (event.outcome) {
    case 'back':
      journal(turn, 'rollback-verified', {
        cause,
        summary:
          safe === null
            ? `Traffic is back on the old path: ${detail}.`
            : `Traffic has left the canary for its safe variant ${safe}: ${detail}.`,
        queries,
      });
      return;
    case 'not-back':
      journal(turn, 'rollback-unverified', {
        cause,
        summary:
          safe === null
            ? `Traffic is not seen to be back: ${detail}.`
            : `Traffic is not seen to have left the canary for its safe variant ${safe}: ${detail}.`,
        queries,
      });
      return;
    case 'superseded':
      journal(turn, 'note', { cause, summary: `Whether traffic was back is not known: ${detail}.` });
      return;
  }
}
