import { Context, heartbeat } from '@temporalio/activity';
import { servedPlan } from '../plans/shadow.ts';
import type { RolloutEvent } from '../rollout/event.ts';
import { type Traffic, trafficOf, type VerifyRequest, verifyWindows } from '../rollout/verification.ts';
import type { ActivityParts } from './parts.ts';

/** Between two signs of life, in milliseconds; the workflow gives up on a worker after ten seconds. */
const HEARTBEAT = 2_000;

type Parts = Pick<ActivityParts, 'source' | 'store' | 'log'>;

/** It only reads; another worker begins anew with the same windows. */
export function createVerifyActivity(parts: Parts) {
  return {
    async verifyRollback(request: VerifyRequest): Promise<RolloutEvent> {
      const context = Context.current();
      const beat = setInterval(() => heartbeat(), HEARTBEAT);
      try {
        return await verify(parts, request, async (at) => {
          const wait = at - Date.now();
          if (wait > 0) await context.sleep(wait);
        });
      } finally {
        clearInterval(beat);
      }
    },
  };
}

/** Reads whole windows after a rollback until one shows no request of the canary. `until` waits for a time in ms since 1970. */
export async function verify(
  { source, store, log }: Parts,
  request: VerifyRequest,
  until: (at: number) => Promise<void>,
): Promise<RolloutEvent> {
  const { plan, stage, rolloutId } = request;
  const { poll, prometheus } = plan.source;
  const origin = request.origin / 1000;
  const { first, last } = verifyWindows(request);
  for (let to = first; ; to += poll) {
    const metrics = source(prometheus);
    await until((to + metrics.settle) * 1000);
    // The next rollout of the flag gives the canary to people again: that is no failed rollback.
    if (await isSuperseded(store, request))
      return {
        kind: 'verified',
        outcome: 'superseded',
        detail: 'the next rollout of the flag has begun',
        queries: [],
      };
    const reading = await metrics.read({ plan: servedPlan(plan), stage, from: to - poll, to, origin });
    const traffic = trafficOf(reading);
    const { queries } = reading;
    if (traffic.kind === 'back')
      return { kind: 'verified', outcome: 'back', detail: inWords(traffic), queries };
    if (to + poll <= last) continue;
    log.warn({ rolloutId, traffic }, 'a rollback is not verified');
    return { kind: 'verified', outcome: 'not-back', detail: inWords(traffic), queries };
  }
}

async function isSuperseded(store: Parts['store'], { rolloutId, plan }: VerifyRequest): Promise<boolean> {
  const at = { flag: plan.flag.key, environment: plan.environment };
  const active = await store.list({ ...at, phases: ['submitted', 'active', 'reverting'] }).catch(() => []);
  return active.some(({ id }) => id !== rolloutId);
}

function inWords(traffic: Traffic): string {
  switch (traffic.kind) {
    case 'back':
      return traffic.requests === 0
        ? 'the canary has no series any more'
        : `none of ${Math.round(traffic.requests)} requests of a window was served by the canary`;
    case 'on-canary':
      return `the canary still served ${Math.ceil(traffic.canary)} of ${Math.ceil(traffic.requests)} requests of the last window`;
    case 'unknown':
      return `the last window cannot tell (${traffic.detail})`;
  }
}
