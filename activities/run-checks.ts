import { Context } from '@temporalio/activity';
import type { ChecksRequest } from '../rollout/command.ts';
import type { RolloutEvent } from '../rollout/event.ts';
import type { ActivityParts } from './parts.ts';
import { prepare } from './prepare.ts';

/** Well within the time after which a silent worker is given up. */
const HEARTBEAT_MS = 2_000;

/** Asks what a plan asks before a stage. A check only looks: it may be asked twice. */
export function createCheckActivity(
  parts: Pick<ActivityParts, 'checks' | 'source' | 'alertRules' | 'evidence' | 'flagHistory'>,
) {
  return {
    async runChecks({ run, checks: asked, before, ...subject }: ChecksRequest): Promise<RolloutEvent> {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        const { rolloutId } = subject;
        const [prepared, answers] = await Promise.all([
          before === undefined
            ? []
            : prepare(parts, {
                rolloutId,
                plan: before,
                now: Date.now(),
                signal: context.cancellationSignal,
              }),
          parts.checks.run(asked, subject, context.cancellationSignal),
        ]);
        return { kind: 'checked', run, answers: [...prepared, ...answers] };
      } finally {
        clearInterval(beat);
      }
    },
  };
}
