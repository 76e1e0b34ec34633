import { log, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { RolloutState } from '../rollout/state.ts';
import { step } from '../rollout/step.ts';
import { verifyRequest } from '../rollout/verification.ts';

const readings = proxyActivities<Activities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});
const records = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
});

/** An id of its own: the flag is free for its next rollout meanwhile. */
export function verificationId(rolloutId: string): string {
  return `verification:${rolloutId}`;
}

/**
 * After a rollback: asks the metrics whether traffic is back and writes the answer behind the rollout's journal. `state` is
 * the rollout's last one; nobody else adds to it any more.
 */
export async function verification({ state }: { state: RolloutState }): Promise<void> {
  const request = verifyRequest(state);
  if (request === null) return;
  const event = await readings.verifyRollback(request);
  const [, commands] = step(state, event, Date.now());
  for (const command of commands) {
    if (command.kind === 'record') await records.record(command.request);
    else log.error('a verification only writes', { command: command.kind });
  }
}
