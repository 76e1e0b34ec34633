import { Context } from '@temporalio/activity';
import type { ChecksRequest } from '../rollout/command.ts';
import type { RolloutEvent } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';

/** Well within the time after which a silent worker is given up. */
const HEARTBEAT_MS = 2_000;

/** Asks what a plan asks before a stage. A check only looks: it may be asked twice. */
export function createCheckActivity({ checks }: Pick<ActivityParts, 'checks'>) {
  return {
    async runChecks({ run, checks: asked, ...subject }: ChecksRequest): Promise<RolloutEvent> {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        const answers = await checks.run(asked, subject, context.cancellationSignal);
        return { kind: 'checked', run, answers };
      } finally {
        clearInterval(beat);
      }
    },
  };
}
